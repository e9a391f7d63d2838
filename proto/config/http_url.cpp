#include "config/http_url.h"

#include <algorithm>

#include "config/endpoint.h"

namespace reel::config {
namespace {

constexpr std::string_view schemes[] = {"http://", "https://"};

std::size_t scheme_bytes(std::string_view url) {
  for (const auto scheme : schemes) {
    if (url.starts_with(scheme)) return scheme.size();
  }
  return 0;
}

// What a request line can hold: everything else is written with % and two digits.
bool is_plain(char c) {
  return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '`';
}

}  // namespace

std::optional<std::string> check_http_url(std::string_view url) {
  const auto begin = scheme_bytes(url);
  if (begin == 0) return "must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]";
  if (url.size() > url_bytes_max) return "must have at most " + std::to_string(url_bytes_max) + " bytes";
  if (!std::all_of(url.begin(), url.end(), is_plain))
    return "must be written with % and two digits where a character is not plain ASCII";
  if (url.find('#') != url.npos) return "must not have a '#': what follows it is never sent";
  const auto authority = url.substr(begin, url.find_first_of("/?", begin) - begin);
  if (authority.find('@') != authority.npos) return "must not hold a name or a password";
  if (authority.find('*') != authority.npos) return "must name one host and port, not *";
  const bool has_port = authority.rfind(':') != authority.npos && !authority.ends_with(']');
  if (const auto wrong = check_address(std::string{authority} + (has_port ? "" : ":80")))
    return has_port && authority.find(':') != 0 ? *wrong : "must name a host, as in http://127.0.0.1:9093";
  return std::nullopt;
}

HttpUrl split_http_url(std::string_view url) {
  const auto end = url.find_first_of("/?", scheme_bytes(url));
  HttpUrl split{std::string{url.substr(0, end)}, std::string{end == url.npos ? "" : url.substr(end)}};
  if (!split.path.starts_with('/')) split.path.insert(0, "/");
  return split;
}

std::string shown_http_url(std::string_view url) {
  const HttpUrl split = split_http_url(url);
  return split.path == "/" ? split.server : split.server + "/…";
}

}  // namespace reel::config
