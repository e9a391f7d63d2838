// A bench for scripts about one service's dispatch: events are named by offset and key ("1a 2b 3a"),
// instances by a letter, and what comes back is text.
#pragma once

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"

namespace reel::broker {

using namespace std::chrono_literals;

class DispatchBench {
 public:
  static config::Service policy() {
    config::Service service;
    service.ack_timeout = 30s;
    service.retry = {.attempts = 3, .backoff = {100ms, 1s}, .jitter = 0};
    return service;
  }

  explicit DispatchBench(const config::Service& service = policy(), std::size_t window_events_max = 1000)
      : dispatch{service, window_events_max, 1, told_within} {}

  /// "1a 2b": offsets with the letter of their key, 10 bytes each unless said otherwise.
  void offers(const std::string& events, std::uint32_t bytes = 10) {
    std::istringstream words{events};
    Offset offset = 0;
    char key = 0;
    while (words >> offset >> key) {
      const Offer one{.offset = offset, .key_hash = static_cast<unsigned char>(key), .bytes = bytes};
      dispatch.offer({&one, 1});
    }
  }
  void offers(const Offer& event) { dispatch.offer({&event, 1}); }

  void joins(char instance, std::uint32_t credit_events = 1000, std::uint32_t credit_bytes = 1'000'000) {
    dispatch.join(id(instance), credit_events, credit_bytes);
  }
  /// An instance whose beats say what it has begun.
  void joins_telling(char instance, std::uint32_t credit_events = 1000) {
    dispatch.join(id(instance), credit_events, 1'000'000, true);
  }
  /// Its handlers are at the first deliveries of these; all from offset to offset waits for one.
  void tells(char instance, const std::vector<Offset>& begun, Offset from = 0, Offset to = 0) {
    std::vector<AckRange> ranges;
    for (const Offset offset : begun) ranges.push_back({offset, 1, 1});
    const auto busy = static_cast<std::uint32_t>(begun.size());
    dispatch.told(id(instance), {.busy = busy, .begun = ranges, .waits_from = from, .waits_to = to}, at_);
  }
  std::string drains(char instance) { return text(dispatch.leave(id(instance), false, at_)); }
  std::string loses(char instance) { return text(dispatch.leave(id(instance), true, at_)); }

  /// "X: 1 2, Y: 3"; a later delivery or attempt is named: "X: 1 (delivery 2, attempt 2)".
  std::string hands(std::size_t max = 1000) {
    std::string all;
    InstanceId last{};
    for (const HandOver& one : dispatch.hand_over(at_, max)) {
      if (one.instance != last) {
        all += (all.empty() ? "" : ", ") + std::string(1, static_cast<char>(one.instance)) + ":";
      }
      last = one.instance;
      all += " " + std::to_string(one.offset);
      if (one.delivery > 1) {
        all +=
            " (delivery " + std::to_string(one.delivery) + ", attempt " + std::to_string(one.attempt) + ")";
      }
    }
    return all;
  }

  std::string acks(char instance, Offset first, std::uint32_t count = 1, std::uint32_t delivery = 1) {
    return settles(instance, {{first, count, delivery}}, {});
  }
  std::string nacks(char instance, Offset offset, std::uint32_t delivery = 1) {
    return settles(instance, {}, {{.offset = offset, .delivery = delivery, .error_type = "Oops"}});
  }
  std::string rejects(char instance, Offset offset, std::uint32_t delivery = 1) {
    return settles(instance, {},
                   {{.offset = offset, .delivery = delivery, .error_type = "Oops", .reject = true}});
  }
  std::string settles(char instance, const std::vector<AckRange>& acks, const std::vector<Nack>& nacks) {
    return text(dispatch.settle(id(instance), acks, nacks, at_));
  }

  std::string gives_up(Offset offset) {
    Settlement settlement;
    return dispatch.give_up(offset, settlement) ? "gave up " + std::to_string(offset) + text(settlement)
                                                : "not to be given up";
  }
  void extends(char instance, Offset first, std::uint32_t count = 1, std::uint32_t delivery = 1) {
    const AckRange range{first, count, delivery};
    dispatch.extend(id(instance), {&range, 1}, at_);
  }

  std::string expires() { return text(dispatch.expire(at_)); }
  void advance(std::chrono::milliseconds time) { at_ += ns(time); }
  /// Time from the beginning to the next deadline, "-" where there is none.
  std::string next_deadline() const {
    const auto next = dispatch.next_deadline();
    return next ? since_start(*next) : "-";
  }

  /// "acked 1-3 5; failed 4 nacked attempt 1 Oops until 100ms; stale 9".
  static std::string text(const Settlement& settlement) {
    std::string all;
    const auto part = [&](const std::string& words) { all += (all.empty() ? "" : "; ") + words; };
    if (!settlement.acked.empty()) part("acked" + text(settlement.acked));
    for (const v1::Failure& failure : settlement.failures) {
      std::string words = "failed " + std::to_string(failure.offset()) + " " + text(failure.ending()) +
                          " attempt " + std::to_string(failure.attempt()) + " " + failure.error_type();
      if (failure.losses() != 0) words += " losses " + std::to_string(failure.losses());
      if (failure.origin() != 0) words += " origin " + std::to_string(failure.origin());
      if (failure.retry_at() != 0) words += " until " + since_start(failure.retry_at());
      part(words);
    }
    if (!settlement.parked.empty()) {
      std::string words = "parked";
      for (const ParkedEvent& one : settlement.parked) {
        words += " " + std::to_string(one.offset);
        if (one.origin != one.offset) words += " (" + std::to_string(one.origin) + ")";
      }
      part(words);
    }
    if (!settlement.taken_back.empty()) {
      std::string words = "took back";
      for (const HandOver& one : settlement.taken_back)
        words += " " + std::to_string(one.offset) + "#" + std::to_string(one.delivery);
      part(words);
    }
    if (!settlement.stale.empty()) part("stale" + text(settlement.stale));
    return all;
  }

  static constexpr LogTime start = 1'000'000'000;
  static constexpr LogTime told_within = 5'000'000'000;
  Dispatch dispatch;

  static InstanceId id(char instance) { return InstanceId{static_cast<std::uint32_t>(instance)}; }
  [[nodiscard]] LogTime at() const { return at_; }

 private:
  static LogTime ns(std::chrono::milliseconds time) { return static_cast<LogTime>(time.count()) * 1'000'000; }
  static std::string since_start(LogTime time) { return std::to_string((time - start) / 1'000'000) + "ms"; }
  static std::string text(v1::Ending ending) {
    switch (ending) {
      case v1::ENDING_NACKED: return "nacked";
      case v1::ENDING_TIMED_OUT: return "timed out";
      case v1::ENDING_EXPIRED: return "expired";
      case v1::ENDING_LOST: return "lost";
      case v1::ENDING_DEAD: return "dead";
      default: return "?";
    }
  }
  static std::string text(const std::vector<v1::OffsetRange>& ranges) {
    std::string all;
    for (const v1::OffsetRange& range : ranges) {
      all += " " + std::to_string(range.first());
      if (range.count() != 1) all += "-" + std::to_string(range.first() + range.count() - 1);
    }
    return all;
  }

  LogTime at_ = start;
};

}  // namespace reel::broker
