// A tracker on a bench: definitions as text, time moved by hand, verdicts as text.
//
//   TrackerBench bench{"flow orders start order.placed end order.cancelled within 1h publish
//   order.attention\n"
//                      "  order.placed -> payment.captured | payment.declined within 5s by payments\n"
//                      "  payment.captured -> stock.reserved & invoice.issued within 10s"};
//   bench.sees("order.placed", "order-7");
//   bench.passes(6s);
//   CHECK(bench.verdicts() == "order-7: payment.captured | payment.declined overdue after order.placed");
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/model.h"
#include "event/payload_parser.h"
#include "tracker/tracker.h"

namespace reel::tracker::bench {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// Log time at which every bench begins.
inline constexpr std::uint64_t beginning = 1'700'000'000'000'000'000;

[[nodiscard]] std::map<std::string, config::Flow> flows_of(const std::string& text);
[[nodiscard]] std::string span_text(std::uint64_t ns);
[[nodiscard]] std::string verdict_text(const Judgement& verdict, const DefinitionSet& definitions,
                                       const Names& names);
[[nodiscard]] std::string name_of(v1::FlowState state);
[[nodiscard]] std::string name_of(v1::Verdict verdict);

struct Sent {
  std::string id = {};     ///< empty: a new one
  std::string cause = {};  ///< causation id
  std::string source = "svc/1";
  bool replayed = false;
  std::string data = {};  ///< JSON
  std::string subject = {};
  std::string parent = {};
  std::string key = {};
};

/// The flows of a settings file, whose topics are a to e, of JSON payloads.
[[nodiscard]] std::map<std::string, config::Flow> flows_of_yaml(const std::string& yaml);

class TrackerBench {
 public:
  explicit TrackerBench(const std::string& definitions) : TrackerBench{flows_of(definitions)} {}
  explicit TrackerBench(const std::map<std::string, config::Flow>& flows);

  /// An event at the present log time, with the next offset. Returns its id.
  std::string sees(std::string_view topic, std::string_view flow, const Sent& sent = {});
  /// A person says that nobody need wait for what is overdue in the flow (for these topics only).
  void waives(std::string_view flow, const std::vector<std::string>& missing = {},
              const std::string& definition = {});
  /// The event that was seen last comes once more, under its old offset.
  void redelivers_last();
  /// Log time passes, without a word from the bus.
  void silence(nanoseconds span) { now_ += static_cast<std::uint64_t>(span.count()); }
  /// Log time passes, and the bus says that everything up to then was delivered.
  void passes(nanoseconds span);
  /// Saved, stopped, started again: all state goes through the form in which it is stored.
  void restarts();
  /// The file says this from here on.
  void redefines(const std::map<std::string, config::Flow>& flows) { (void)definitions_.set_current(flows); }
  /// The flow moves to the newest versions; false where it stays as it was.
  bool reapplies(std::string_view flow);
  void stopped_until_now() { tracker_->set_stopped_until(now_); }

  /// What was judged since the last call, one a line.
  [[nodiscard]] std::string verdicts();
  /// "open" and so on; "none" where nothing is known.
  [[nodiscard]] std::string state(std::string_view flow);
  /// "placed -> captured met, …": every expectation of the flow in the order they were armed.
  [[nodiscard]] std::string expectations(std::string_view flow);
  /// "placed, captured, …": the flow's steps by topic.
  [[nodiscard]] std::string steps(std::string_view flow);

  [[nodiscard]] Tracker& tracker() { return *tracker_; }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  [[nodiscard]] const DefinitionSet& definitions() const { return definitions_; }
  [[nodiscard]] const Names& names() const { return names_; }

 private:
  [[nodiscard]] Flow* find(std::string_view flow);

  Names names_;
  DefinitionSet definitions_{names_};
  std::unique_ptr<Tracker> tracker_;
  std::uint64_t now_ = beginning;
  std::uint64_t offset_ = 0;
  std::vector<Judgement> verdicts_;
  EventSeen last_;
  std::string last_texts_[8];
  PayloadParser parser_;  // of compiled-in types: Struct is JSON
};

}  // namespace reel::tracker::bench
