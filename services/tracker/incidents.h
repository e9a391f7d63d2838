// Incidents: what is overdue or broken at one edge of a definition for one reason, in however many flows, so
// that a person is told of it once.
//
//   incidents.see(event);                                  // the verdicts, as they come back in the log
//   for (auto& event : incidents.take_events()) …          // opened, resolved: to be published
//   for (auto& id : incidents.changed()) …                 // and saved, in the step that saves the flows
//
// It is a projection of the log: an overdue verdict opens the incident of its edge and cause, or adds to it;
// what resolves, completes or waives it takes it away from `open`; at 0 the incident is resolved. So the same
// log makes the same incidents under the same ids. The caller sees to it that each event is seen once.
//
// Which overdue verdict belongs to which incident is kept by the archive, one small entry for each that has
// not come; only what changed since, and what is being saved, is in memory. Sans-IO.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/v1/flow.pb.h"
#include "tracker/store.pb.h"
#include "tracker/tracker.h"
#include "tracker/verdict.h"

namespace reel::tracker {

/// Incidents that are open at a time. There are at most as many as expectations times causes, and for all_of
/// times what may be missing of it; this bounds the last (about 20 MB). What would open one more is not
/// counted, and the log of the program says so.
inline constexpr std::size_t incidents_open_max = 10'000;
/// Resolved incidents that are kept, the newest, for at most `tracker.retain`.
inline constexpr std::size_t incidents_resolved_max = 1'000;
/// Flows that an incident names: the newest.
inline constexpr int incident_flows_max = 10;

inline constexpr std::string_view incident_opened_topic = "reel.incident.opened";
inline constexpr std::string_view incident_resolved_topic = "reel.incident.resolved";
inline constexpr std::string_view acknowledged_topic = "reel.incident.acknowledged";
inline constexpr std::string_view snoozed_topic = "reel.incident.snoozed";

/// Topics of the system whose payload the tracker needs.
inline constexpr std::array heeded_topics{overdue_topic, violated_topic,     resolved_topic, completed_topic,
                                          waived_topic,  acknowledged_topic, snoozed_topic};

/// Where the entries are that were saved. A key is the packed correlation id, definition and id of the
/// verdict, so that those of one flow, and in it of one definition, stand together.
class OverdueArchive {
 public:
  virtual ~OverdueArchive() = default;
  [[nodiscard]] virtual std::optional<std::string> find_overdue(std::string_view key) = 0;
  using Take = std::function<void(std::string_view key, std::string_view incident)>;
  virtual void each_overdue(std::string_view prefix, const Take& take) = 0;
};

class Incidents {
 public:
  explicit Incidents(OverdueArchive& archive) : archive_{archive} {}

  /// As saved by an earlier run.
  void load(v1::Incident incident);

  /// A verdict, or what a person said of an incident; any other event changes nothing.
  void see(const EventSeen& event);
  /// What was overdue was waived; `by_id` is the event that said so.
  void end(const std::string& correlationid, const std::string& definition, const std::string& overdue_id,
           std::string_view by_id, std::uint64_t at);
  /// The flow is forgotten, and with it what is overdue in it.
  void forget(const std::string& correlationid, std::uint64_t at);
  /// Resolved ones that are older than this, or too many, are forgotten.
  void expire(std::uint64_t resolved_before);

  [[nodiscard]] std::vector<stored::Outgoing> take_events() { return std::exchange(events_, {}); }

  [[nodiscard]] const v1::Incident* find(const std::string& id) const;
  [[nodiscard]] const std::map<std::string, v1::Incident>& all() const { return incidents_; }
  [[nodiscard]] std::size_t open() const { return by_edge_.size(); }
  /// Verdicts since the last call that would have opened one incident too many.
  [[nodiscard]] std::uint64_t take_not_counted() { return std::exchange(not_counted_, 0); }

  /// What changed since the last mark_saving: ids, of which some are gone; entries, where none is one that is
  /// gone.
  [[nodiscard]] const std::set<std::string>& changed() const { return changed_; }
  using Entries = std::map<std::string, std::optional<std::string>, std::less<>>;
  [[nodiscard]] const Entries& changed_entries() const { return entries_; }
  /// What changed so far is being saved; what was before is.
  void mark_saving();
  /// The archive has it.
  void saved() { saving_.clear(); }

 private:
  void see_overdue(const v1::FlowOverdue& verdict, const EventSeen& event);
  void see_violated(const v1::FlowViolated& verdict, const EventSeen& event);
  void see_completed(const v1::FlowCompleted& verdict, const EventSeen& event);
  void acknowledge(const v1::IncidentCare& care, const EventSeen& event);
  void snooze(const v1::IncidentCare& care);

  v1::Incident* incident_for(v1::Incident like, const EventSeen& event);
  void end_entry(const std::string& key, std::string_view by_id, std::uint64_t at);
  void end_all(const std::string& prefix, bool late_ones_may_come, std::string_view by_id, std::uint64_t at);
  void take_away(const std::string& id, std::string_view by_id, std::uint64_t at);
  void resolve(v1::Incident& incident, std::string_view by_id, std::uint64_t at);
  void publish(std::string_view topic, const v1::Incident& incident, std::string_view cause);
  [[nodiscard]] v1::Incident* open_one(const std::string& id);
  [[nodiscard]] std::optional<std::string> entry(const std::string& key);

  OverdueArchive& archive_;
  std::map<std::string, v1::Incident> incidents_;  // by id
  std::map<std::string, std::string> by_edge_;     // the open ones: their ids
  std::set<std::pair<std::uint64_t, std::string>> resolved_;
  std::vector<stored::Outgoing> events_;
  std::set<std::string> changed_;
  Entries entries_;
  Entries saving_;  // the archive may not have them yet
  std::uint64_t not_counted_ = 0;
};

}  // namespace reel::tracker
