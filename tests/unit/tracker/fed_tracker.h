// A tracker that is fed a trace, and disturbed meanwhile: saved and started again, flows put away and brought
// back, events handed over twice and published twice, time told between them; and killed, with a checkpoint
// half put together or whole, after which it is fed from there again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "drawn_case.h"
#include "event/payload_parser.h"
#include "tracker/tracker.h"

namespace reel::tracker::bench {

class FedTracker final : public FlowArchive {
 public:
  explicit FedTracker(const Case& of);

  /// Without `disturb` nothing but the events happens, and time in the end.
  void feed(std::mt19937_64* disturb);
  /// In the naive judge's words, and the verdicts in the order in which they were said.
  [[nodiscard]] Told told();

 private:
  void see(const Said& event);
  /// Returns the event of the trace that is the next.
  [[nodiscard]] std::size_t disturb(std::size_t at, std::mt19937_64& random);
  void collect();
  /// `next`: the event of the trace that is the first behind it.
  void begin_checkpoint(std::size_t next);
  void go_on_with_checkpoint(std::size_t flows);
  void save(std::size_t next);
  void start();
  [[nodiscard]] std::size_t crash();
  [[nodiscard]] std::optional<ArchivedFlow> find(std::string_view correlation) override;
  [[nodiscard]] std::string verdict_text(const Judgement& verdict) const;
  [[nodiscard]] std::string missing(const Judgement& verdict) const;
  [[nodiscard]] std::string rule_text(DefinitionIndex definition, std::uint16_t rule) const;
  void tell_flow(const Flow& flow, Told& told) const;

  using Archive = std::map<std::string, ArchivedFlow, std::less<>>;
  struct Checkpoint {
    Archive flows;
    std::uint64_t handled_offset = 0;
    std::uint64_t watermark = 0;
    Tally tally;
    std::size_t verdicts = 0;
    std::uint64_t offset = 0;
    std::size_t next = 0;
  };

  const Case& case_;
  Names names_;
  DefinitionSet definitions_{names_};
  std::unique_ptr<Tracker> tracker_;
  Checkpoint saved_;
  std::optional<Checkpoint> gathering_;
  int crashes_left_ = 3;
  std::vector<Judgement> verdicts_;
  std::uint64_t offset_ = 0;
  PayloadParser parser_;
};

}  // namespace reel::tracker::bench
