// Events that were refused lately: what a publisher tried and could not, for finding out why a flow goes no
// further.
//
//   refusals.add({.service = "payments", .topic = "payment.captured", …}, now);
//   for (const Refused& refused : refusals.of("order-7")) …      // the newest first
//
// The same service refused the same on the same topic in the same flow is one entry that counts. Nothing of
// it survives a restart: a publisher that still tries is refused again. Sans-IO.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admit/judgement.h"
#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// Entries remembered, the newest; at about 600 bytes each, 6 MB.
inline constexpr std::size_t refusals_max = 10'000;
/// Of one batch: a publisher whose every event is wrong must not drive out what others were refused.
inline constexpr std::size_t refusals_per_batch_max = 100;
/// Of one flow, in an answer.
inline constexpr std::size_t refusals_per_flow_max = 100;
/// Longest sentence kept; the rest is cut off.
inline constexpr std::size_t refusal_text_bytes_max = 512;

struct Refused {
  std::string service;
  std::string topic;
  v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
  std::string text;
  std::string id;
  std::string correlationid;
  std::string causationid;
  LogTime at = 0;  ///< the last time
  std::uint64_t times = 1;
};

class Refusals {
 public:
  explicit Refusals(std::size_t entries_max = refusals_max) : entries_max_{entries_max} {}

  void add(Refused refused, LogTime now);
  /// Of a batch that `service` published, those that somebody may ask for by their flow.
  void add(const Judgement& judged, std::string_view service, LogTime now);
  [[nodiscard]] std::vector<Refused> of(std::string_view correlationid) const;
  [[nodiscard]] std::size_t size() const { return newest_first_.size(); }

 private:
  using Entries = std::list<Refused>;
  [[nodiscard]] static std::string key_of(const Refused& refused);

  std::size_t entries_max_;
  Entries newest_first_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

}  // namespace reel::broker
