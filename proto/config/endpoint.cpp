#include "config/endpoint.h"

#include <charconv>
#include <cstdint>

namespace reel::config {
namespace {

// sockaddr_un's path with its closing zero has 108 bytes.
constexpr std::size_t ipc_path_bytes_max = 107;

bool is_port(std::string_view text) {
  if (text == "*") return true;
  std::uint32_t port = 0;
  const auto* const behind = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), behind, port);
  return error == std::errc{} && end == behind && port >= 1 && port <= 65535;
}

// Names, IPv4, interface names, * and, in brackets, IPv6.
bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto inner = text.substr(1, text.size() - 2);
    return inner.find(':') != inner.npos && inner.find_first_not_of("0123456789abcdefABCDEF:.") == inner.npos;
  }
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  return text == "*" || (!text.empty() && text.find_first_not_of(allowed) == text.npos);
}

std::optional<std::string> check_host_and_port(std::string_view text, const std::string& example) {
  const auto colon = text.rfind(':');
  const bool colon_of_ipv6 = text.ends_with(']');
  if (colon == text.npos || colon_of_ipv6) return "must end in a port, as in " + example;
  if (!is_port(text.substr(colon + 1))) return "must have a port between 1 and 65535, or *";
  if (!is_host(text.substr(0, colon))) return "must name a host before the port, as in " + example;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_endpoint(std::string_view endpoint) {
  constexpr std::string_view tcp = "tcp://", ipc = "ipc://";
  if (endpoint.starts_with(tcp))
    return check_host_and_port(endpoint.substr(tcp.size()), "tcp://127.0.0.1:5555");
  if (!endpoint.starts_with(ipc)) return "must be tcp://HOST:PORT or ipc://PATH";
  const auto path = endpoint.substr(ipc.size());
  if (path.empty()) return "must name a path, as in ipc:///run/reel/broker";
  if (path.size() > ipc_path_bytes_max)
    return "must have a path of at most " + std::to_string(ipc_path_bytes_max) + " bytes";
  return std::nullopt;
}

std::optional<std::string> check_address(std::string_view address) {
  if (address.find("//") != address.npos) return "must be HOST:PORT, as in 127.0.0.1:8080";
  return check_host_and_port(address, "127.0.0.1:8080");
}

}  // namespace reel::config
