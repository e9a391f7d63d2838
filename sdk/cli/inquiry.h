// Asking broker and tracker, with their silence and their refusals turned into sentences.
//
//   v1::Request request;
//   request.mutable_topics();
//   const v1::Reply reply = ask_broker(globals, request);     // throws Failure: not reachable, or refused
#pragma once

#include <string>

#include "cli/invocation.h"
#include "reel/v1/query.pb.h"

namespace reel::cli {

[[nodiscard]] v1::Reply ask_broker(const Globals& globals, const v1::Request& request);
[[nodiscard]] v1::Reply ask_tracker(const Globals& globals, const v1::Request& request);

[[nodiscard]] v1::ServicesReply ask_services(const Globals& globals);

/// "no broker answers at tcp://127.0.0.1:5555 within 3s (is reel up running?)"
[[nodiscard]] Failure not_reachable(const std::string& who, const std::string& endpoint,
                                    std::chrono::milliseconds within);
[[nodiscard]] Failure broker_not_reachable(const Globals& globals);

}  // namespace reel::cli
