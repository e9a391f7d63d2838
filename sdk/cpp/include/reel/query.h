// Asking the broker and the tracker how things stand.
//
//   reel::QueryClient tracker{reel::default_tracker()};
//   reel::v1::Request request;
//   request.mutable_flow()->set_correlationid("order-7");
//   const reel::v1::Reply reply = tracker.ask(request);
//   if (!reply.error().empty()) …
//
// One question at a time; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "reel/v1/query.pb.h"

namespace reel {

/// Nobody answered in time. what() names the endpoint and what to check.
class NotReachable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class QueryClient {
 public:
  /// Opens nothing that must exist yet. Throws std::invalid_argument where `endpoint` is not one.
  explicit QueryClient(std::string endpoint, std::chrono::milliseconds timeout = std::chrono::seconds{3});
  ~QueryClient();
  QueryClient(const QueryClient&) = delete;
  QueryClient& operator=(const QueryClient&) = delete;

  /// Throws NotReachable when no answer came within the timeout. The reply's `error` is the answerer's.
  [[nodiscard]] v1::Reply ask(v1::Request request);

  // For who cannot wait: a question goes out, and its answer, if it ever comes, is there for poll().

  /// The answer will bear the returned id.
  std::uint64_t post(v1::Request request);
  [[nodiscard]] std::optional<v1::Reply> poll();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
