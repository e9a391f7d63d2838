#include "config/listening.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace reel::config {
namespace {

std::string reason(int error, std::string_view program) {
  switch (error) {
    case EADDRINUSE: return "address in use (is another " + std::string{program} + " running?)";
    case EADDRNOTAVAIL:
    case ENODEV: return "no such address on this machine";
    case EACCES: return "not allowed (ports below 1024 belong to root)";
    case EINVAL:
    case EPROTONOSUPPORT: return "not an endpoint such as tcp://127.0.0.1:5555";
    default: return std::generic_category().message(error);
  }
}

}  // namespace

bool is_listened_on(std::string_view endpoint) {
  constexpr std::string_view scheme = "ipc://";
  sockaddr_un address{};
  if (!endpoint.starts_with(scheme)) return false;
  endpoint.remove_prefix(scheme.size());
  if (endpoint.empty() || endpoint.size() >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  endpoint.copy(address.sun_path, endpoint.size());
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool answered = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(probe);
  return answered;
}

std::string cannot_listen_text(std::string_view endpoint, int error, std::string_view program) {
  return "cannot listen on " + std::string{endpoint} + ": " + reason(error, program);
}

}  // namespace reel::config
