// Who may ask at all: what is decided from a request's head, before any of its body is read.
//
//   const Gatekeeper gatekeeper{model.gateway};
//   if (auto refusal = gatekeeper.refusal(head)) answer(*refusal);
//
// There is no login, so a browser on this machine is what a stranger's page would use: it may send what it
// likes to localhost, and have its own name point here. Two rules keep it out. The request must be for an
// address, for localhost, or for a name from the configuration, none of which a stranger's page can be called
// by. And under /v1/ it must not come from another site: browsers say where a request is from, in
// Sec-Fetch-Site and Origin; programs, which nobody can trick into sending, say nothing and are let in.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "config/model.h"
#include "gateway/http/message.h"

namespace reel::gateway {

class Gatekeeper {
 public:
  explicit Gatekeeper(const config::Gateway& settings);

  /// Nothing where the request may go on.
  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& head) const;

 private:
  [[nodiscard]] bool is_ours(std::string_view host) const;

  std::set<std::string, std::less<>> names_;
};

/// The host of a Host header, without port and in lower case: "localhost", "[::1]"; empty where it is none.
[[nodiscard]] std::string host_of(std::string_view authority);

}  // namespace reel::gateway
