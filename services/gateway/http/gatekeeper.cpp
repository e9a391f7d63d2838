#include "gateway/http/gatekeeper.h"

#include <arpa/inet.h>

#include "event/media_type.h"
#include "event/quoted_text.h"

namespace reel::gateway {
namespace {

bool is_address(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (host.starts_with('[') && host.ends_with(']'))
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1;
  return inet_pton(AF_INET, host.c_str(), &four) == 1;
}

// "http://127.0.0.1:8080" and "127.0.0.1:8080".
bool same_origin(std::string_view origin, std::string_view authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return lower_case(origin.substr(scheme.size())) == lower_case(authority);
  }
  return false;  // "null", and what is no page of ours
}

bool from_another_site(const HttpRequest& head, std::string_view authority) {
  if (const auto site = head.header("sec-fetch-site"); site && *site != "same-origin" && *site != "none")
    return true;
  const auto origin = head.header("origin");
  return origin && !same_origin(*origin, authority);
}

}  // namespace

std::string host_of(std::string_view authority) {
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == authority.npos) return {};
  const auto colon = authority.find(':', bracket);
  if (colon != authority.npos && authority.find_first_not_of("0123456789", colon + 1) != authority.npos)
    return {};
  return lower_case(authority.substr(0, colon));
}

Gatekeeper::Gatekeeper(const config::Gateway& settings)
    : names_{settings.hosts.begin(), settings.hosts.end()} {
  // The name it listens on is a name it may be called by.
  names_.insert(host_of(settings.listen));
  names_.insert("localhost");
  names_.erase("*");
  names_.erase("");
}

bool Gatekeeper::is_ours(std::string_view authority) const {
  const auto host = host_of(authority);
  return names_.contains(host) || host.ends_with(".localhost") || is_address(host);
}

std::optional<HttpResponse> Gatekeeper::refusal(const HttpRequest& head) const {
  if (head.headers.count("host") > 1) return problem(400, "there is more than one Host header");
  const auto authority = head.header("host");
  if (!authority || authority->empty()) return problem(400, "there is no Host header");
  if (!is_ours(*authority))
    return problem(403, "the request is for " + in_quotes(*authority) +
                            ", which is not a name of this server (gateway.hosts lists further ones)");
  if (head.path.starts_with("/v1/") && from_another_site(head, *authority))
    return problem(403, "the request comes from a page of another site");
  return std::nullopt;
}

}  // namespace reel::gateway
