// Where questions arrive: a ROUTER socket that takes reel.v1.ToBroker{query} and answers
// reel.v1.FromBroker{answer}, the same frames a broker answers questions with.
//
// It waits for nothing: the tracker's loop lets it answer what has arrived between two turns, so an answer
// knows everything that was judged and never sees half an event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reel/v1/query.pb.h"

namespace reel::tracker {

/// Answered between two turns: a crowd of boards must not hold up a deadline.
inline constexpr int questions_per_turn_max = 32;
/// Nor may one that walks over many flows, slice by slice: so long is answered at a time, and the question at
/// hand then is the last.
inline constexpr std::chrono::milliseconds answering_max{5};
/// Largest question taken; they are a few hundred bytes.
inline constexpr std::int64_t question_bytes_max = 64 << 10;

class QueryServer {
 public:
  /// Binds. Throws std::runtime_error naming the endpoint and the remedy where it cannot.
  explicit QueryServer(const std::string& endpoint);
  ~QueryServer();

  /// Answers what has arrived; true where that was anything: who asks once mostly asks on. What is not a
  /// question is answered with an error. `answer` calls its second argument once, now or later, but not
  /// longer than this lives.
  using Send = std::function<void(v1::Reply)>;
  bool serve(const std::function<void(const v1::Request&, Send)>& answer);
  /// Where it listens; with the port where the configured one was `*`.
  [[nodiscard]] std::string endpoint() const;

 private:
  struct Impl;
  void send(const std::string& asker, v1::Reply reply);
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel::tracker
