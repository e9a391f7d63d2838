// Admission: the first thing a published batch meets. Which of its events are accepted, and one reason and
// one sentence for each that is not; the others are accepted all the same.
//
//   Admission admission{model, schemas};
//   Judgement judged = admission.judge(frame.bytes(), session.service);
//
// Topic, type and source are judged once per run; ids, envelope and payload once per event, in the same walk
// that indexes the batch. Nothing is copied. Sans-IO; immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admit/judgement.h"
#include "config/model.h"
#include "event/batch.h"
#include "event/payload_check.h"
#include "event/schema_set.h"

namespace reel::broker {

/// Entries of one batch. An event with its ids has 40 bytes at least, so that a batch of the default
/// batch_bytes_max meets this limit only if it is made to; it bounds what a batch of empty events can cost.
inline constexpr std::uint32_t batch_entries_max = 100'000;

class Admission {
 public:
  /// Throws std::invalid_argument where a topic's type has no schema, which checking the configuration has
  /// ruled out.
  Admission(const config::Model& model, const SchemaSet& schemas);
  ~Admission();
  Admission(Admission&&) noexcept;
  Admission& operator=(Admission&&) noexcept;

  /// Judges an encoded reel.v1.Batch that an instance of `service` published. Whatever the bytes are.
  [[nodiscard]] Judgement judge(std::string_view batch, std::string_view service) const;

 private:
  struct Topic {
    std::string type;
    bool durable = true;
    const PayloadCheck* check = nullptr;
    std::vector<std::string> publishers;  // empty: any service
  };
  struct Verdict {
    v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
    std::string text;
  };
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void add_topic(const std::string& topic, std::string_view type, bool durable, const SchemaSet& schemas);
  /// The topic of a run, or why all its events are refused.
  [[nodiscard]] const Topic* judge_run(const RunHead& head, std::string_view service, Verdict& verdict) const;
  [[nodiscard]] Verdict refuse_topic(std::string_view topic) const;
  [[nodiscard]] std::optional<Verdict> judge_event(const EventView& event, const Topic& topic) const;
  /// Judges all events of a run. False where the rest of the batch cannot be read.
  bool judge_entries(RunReader& run, const Topic* topic, const Verdict& run_verdict, Judgement& judged) const;

  std::unordered_map<std::string, Topic, NameHash, std::equal_to<>> topics_;
  std::map<std::string, std::unique_ptr<PayloadCheck>, std::less<>> checks_;  // by type
  std::size_t event_bytes_max_;
  std::size_t batch_bytes_max_;
};

}  // namespace reel::broker
