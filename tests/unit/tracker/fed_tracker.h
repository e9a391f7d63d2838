// A tracker that is fed a trace, and disturbed meanwhile: saved and started again, flows put away and brought
// back, events handed over twice and published twice, time told between them.
#pragma once

#include <memory>
#include <random>

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
  void disturb(std::size_t at, std::mt19937_64& random);
  void collect();
  void save();
  void restart();
  [[nodiscard]] std::optional<ArchivedFlow> find(std::string_view correlation) override;
  [[nodiscard]] std::string verdict_text(const Judgement& verdict) const;
  [[nodiscard]] std::string missing(const Judgement& verdict) const;
  [[nodiscard]] std::string rule_text(DefinitionIndex definition, std::uint16_t rule) const;
  void tell_flow(const Flow& flow, Told& told) const;

  const Case& case_;
  Names names_;
  DefinitionSet definitions_{names_};
  std::unique_ptr<Tracker> tracker_;
  std::map<std::string, ArchivedFlow, std::less<>> archive_;
  std::vector<Judgement> verdicts_;
  std::uint64_t offset_ = 0;
  PayloadParser parser_;
};

}  // namespace reel::tracker::bench
