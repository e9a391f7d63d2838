// The tracker's own core over events of the past, in virtual time: the same state machine, without a bus.
//
//   Rehearsal rehearsal{file};                            // throws tracker::DefinitionError
//   for (…) rehearsal.see(event);
//   rehearsal.end();                                      // all there is up to the last event's time was
//   seen rehearsal.each_flow([](const tracker::Flow& flow) { … });
//
// Ties are the history's order: times are given to the core as they stand, so an event at exactly a deadline
// is in time, before and behind others of the same time. Flows stay in memory until the end: about 400 bytes
// for one of five events, and at most 150 for each further event and expectation armed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rehearsal/definition_file.h"
#include "rehearsal/history_event.h"
#include "tracker/tracker.h"

namespace reel::rehearsal {

class Rehearsal {
 public:
  using OnVerdict = std::function<void(const tracker::Judgement&)>;

  explicit Rehearsal(const DefinitionFile& file);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  /// Told of each verdict, in the order they were reached.
  void on_verdict(OnVerdict told) { on_verdict_ = std::move(told); }

  /// Payloads that come as messages are of these types, which outlive this.
  void use_types(const SchemaSet& types) { typed_ = std::make_unique<PayloadParser>(types); }
  /// Log times never go back.
  void see(const HistoryEvent& event);
  /// Everything up to this log time was seen.
  void advance(std::uint64_t log_time);
  void end() { advance(last_time_); }

  void each_flow(const std::function<void(const tracker::Flow&)>& look);
  [[nodiscard]] std::size_t flows() { return tracker_.flows().size(); }
  [[nodiscard]] std::uint64_t duplicates() const { return tracker_.duplicates(); }

  [[nodiscard]] const DefinitionFile& file() const { return file_; }
  [[nodiscard]] const tracker::DefinitionSet& definitions() const { return definitions_; }
  [[nodiscard]] const tracker::Names& names() const { return names_; }
  /// How long an expectation may take, as its file has it.
  [[nodiscard]] std::string within(tracker::DefinitionIndex definition, std::uint16_t rule) const;

 private:
  void tell();
  [[nodiscard]] EventView on_the_bus(const HistoryEvent& event, std::string_view id, std::string_view data);
  [[nodiscard]] std::string_view type_of(const HistoryEvent& event) const;
  [[nodiscard]] const std::string& payload_of(const HistoryEvent& event);
  [[nodiscard]] const std::string& waiver_of(const HistoryEvent& event);

  const DefinitionFile& file_;
  tracker::Names names_;
  tracker::DefinitionSet definitions_{names_};
  tracker::Tracker tracker_{definitions_, names_};
  OnVerdict on_verdict_;
  std::uint64_t offset_ = 0;
  std::uint64_t last_time_ = 0;
  std::string id_;
  std::set<std::string, std::less<>> content_topics_;
  PayloadParser parser_;  // of JSON
  std::unique_ptr<PayloadParser> typed_;
  std::string payload_;
  std::string batch_;
};

}  // namespace reel::rehearsal
