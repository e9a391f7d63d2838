// Inquiries: questions to the broker about the fates of events, asked without waiting for the answer.
//
//   Inquiries inquiries{&line};                     // or none: then everything is unanswered
//   inquiries.ask({.offsets = {7, 9}, .correlationid = "order-7", .until = now + 1s, .told = …});
//   inquiries.turn(now);                            // sends, receives, gives up; each turn of the watch
//
// What is asked while questions are on their way is joined to few large ones, so that a burst of deadlines
// costs the broker some hundred events a question and not a question each. Each inquiry is told exactly once.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::tracker {

/// Events asked about in one question, and of one inquiry: what a broker answers at a time.
inline constexpr std::size_t inquiry_offsets_max = 256;
/// Services of one inquiry; what is beyond is not asked about.
inline constexpr std::size_t inquiry_services_max = 32;
/// Questions on their way. The broker answers one in about a millisecond; the rest of it is for events.
inline constexpr std::size_t inquiries_in_flight_max = 2;
/// Inquiries not told yet. Beyond it more are not taken: who asked goes on without an answer.
inline constexpr std::size_t inquiries_max = 10'000;

/// The line to the broker.
class BrokerLine {
 public:
  virtual ~BrokerLine() = default;
  /// Returns the id that the answer will bear.
  virtual std::uint64_t post(v1::Request request) = 0;
  [[nodiscard]] virtual std::optional<v1::Reply> poll() = 0;
};

struct Inquiry {
  std::vector<std::uint64_t> offsets;  ///< ascending
  std::string correlationid;
  std::vector<std::string> services{};  ///< told of, whether an event was for them or not
  std::chrono::steady_clock::time_point until;
  /// Its events in the order of the offsets, and its flow; null where there is no answer by `until`.
  std::function<void(const v1::FatesReply*)> told;
};

class Inquiries {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Inquiries(BrokerLine* line) : line_{line} {}

  /// False where there is no line, or too many wait: `told` is never called.
  [[nodiscard]] bool ask(Inquiry inquiry);
  void turn(Time now);
  /// An answer may come any moment.
  [[nodiscard]] bool waiting() const { return !asked_.empty() || !queued_.empty(); }

 private:
  void send();
  void receive();
  static void tell(const Inquiry& inquiry, const v1::FatesReply& all);

  BrokerLine* line_;
  std::deque<Inquiry> queued_;
  std::map<std::uint64_t, std::vector<Inquiry>> asked_;  // by the question's id
  std::size_t count_ = 0;
};

}  // namespace reel::tracker
