#include "cli/inquiry.h"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <utility>

#include "cli/duration_text.h"
#include "reel/query.h"

namespace reel::cli {
namespace {

std::optional<v1::Reply> ask_one(const std::string& endpoint, std::chrono::milliseconds timeout,
                                 const v1::Request& request) {
  try {
    return QueryClient{endpoint, timeout}.ask(request);
  } catch (const NotReachable&) {
    return std::nullopt;
  } catch (const std::invalid_argument&) {
    throw Failure{exit_code::usage,
                  fmt::format("'{}' is not an endpoint (such as tcp://127.0.0.1:5555)", shown(endpoint))};
  }
}

v1::Reply ask(const std::string& who, const std::string& endpoints, std::chrono::milliseconds timeout,
              const v1::Request& request) {
  for (const std::string& endpoint : endpoints_of(endpoints)) {
    auto reply = ask_one(endpoint, timeout, request);
    if (!reply) continue;
    if (!reply->error().empty()) throw Failure{exit_code::refused, shown(reply->error())};
    return *std::move(reply);
  }
  throw not_reachable(who, endpoints, timeout);
}

}  // namespace

v1::Reply ask_broker(const Globals& globals, const v1::Request& request) {
  return ask("broker", globals.broker, globals.timeout, request);
}

v1::Reply ask_tracker(const Globals& globals, const v1::Request& request) {
  return ask("tracker", globals.tracker, globals.timeout, request);
}

v1::ServicesReply ask_services(const Globals& globals) {
  v1::Request request;
  request.mutable_services();
  return ask_broker(globals, request).services();
}

Failure not_reachable(const std::string& who, const std::string& endpoint, std::chrono::milliseconds within) {
  return {exit_code::not_reachable, fmt::format("no {} answers at {} within {} (is reel up running?)", who,
                                                shown(endpoint), duration_text(within))};
}

Failure broker_not_reachable(const Globals& globals) {
  return not_reachable("broker", globals.broker, globals.timeout);
}

}  // namespace reel::cli
