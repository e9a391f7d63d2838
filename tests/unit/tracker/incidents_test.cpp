#include "tracker/incidents.h"

#include <doctest/doctest.h>

#include "tracker/incident_answers.h"
#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

/// What was saved, as the store keeps it.
class Saved final : public OverdueArchive {
 public:
  std::optional<std::string> find_overdue(std::string_view key) override {
    const auto found = entries.find(key);
    return found == entries.end() ? std::nullopt : std::optional{found->second};
  }
  void each_overdue(std::string_view prefix, const Take& take) override {
    for (const auto& [key, incident] : entries) {
      if (key.starts_with(prefix)) take(key, incident);
    }
  }
  std::map<std::string, std::string, std::less<>> entries;
  std::map<std::string, v1::Incident> incidents;
};

/// A log of verdicts on one edge, b after a of definition "f"; a second passes with each.
class IncidentsBench {
 public:
  void overdue(const std::string& flow, v1::CauseKind cause = v1::CAUSE_PAUSED,
               const std::string& missing = "b") {
    v1::FlowOverdue verdict;
    verdict.set_correlationid(flow);
    verdict.set_definition("f");
    verdict.set_after("a");
    verdict.add_missing(missing);
    verdict.set_any_of(true);
    verdict.set_owner("payments");
    verdict.set_deadline(now_ + 1);
    verdict.mutable_cause()->set_kind(cause);
    verdict.mutable_cause()->set_sentence("payments is paused, and a of " + flow + " waits for it");
    see(overdue_topic, "overdue-" + flow + "-" + missing, verdict);
  }
  void comes_late(const std::string& flow, const std::string& missing = "b") {
    v1::FlowResolved verdict;
    verdict.set_correlationid(flow);
    verdict.set_definition("f");
    verdict.set_overdue_id("overdue-" + flow + "-" + missing);
    see(resolved_topic, "resolved-" + flow, verdict);
  }
  void completes(const std::string& flow, std::uint32_t overdue, const std::string& definition = "f") {
    v1::FlowCompleted verdict;
    verdict.set_correlationid(flow);
    verdict.set_definition(definition);
    verdict.set_overdue(overdue);
    see(completed_topic, "completed-" + flow, verdict);
  }
  void violates(const std::string& flow) {
    v1::FlowViolated verdict;
    verdict.set_correlationid(flow);
    verdict.set_definition("f");
    verdict.set_after("a");
    verdict.set_topic("b");
    verdict.set_reason("forbidden");
    verdict.set_violated_at(now_ + 1);
    see(violated_topic, "violated-" + flow, verdict);
  }
  void says(std::string_view topic, const std::string& incident, std::uint64_t until = 0) {
    v1::IncidentCare care;
    care.set_incident(incident);
    care.set_by("ada@desk");
    care.set_reason("on it");
    care.set_until(until);
    see(topic, "said", care);
  }
  void see(std::string_view topic, const std::string& id, const google::protobuf::Message& message) {
    const std::string data = message.SerializeAsString();
    incidents->see({.offset = ++offset_, .log_time = ++now_, .id = id, .topic = topic, .data = data});
    for (auto& event : incidents->take_events()) {
      v1::Incident told;
      REQUIRE(told.ParseFromString(event.data()));
      events += event.topic().substr(std::string_view{"reel.incident."}.size()) + " " + incident_text(told) +
                " because of " + event.causationid() + "\n";
      ids.insert(event.id());
    }
  }
  /// Saved, stopped, started again.
  void restarts() {
    for (const auto& id : incidents->changed()) {
      saved_.incidents.erase(id);
      if (const auto* incident = incidents->find(id)) saved_.incidents[id] = *incident;
    }
    for (const auto& [key, incident] : incidents->changed_entries()) {
      saved_.entries.erase(key);
      if (incident) saved_.entries[key] = *incident;
    }
    incidents = std::make_unique<Incidents>(saved_);
    for (const auto& [id, incident] : saved_.incidents) incidents->load(incident);
  }

  [[nodiscard]] std::string text() const {
    v1::IncidentsRequest ask;
    ask.set_resolved(true);
    std::string text;
    const v1::IncidentsReply all = page(ask);
    for (const auto& incident : all.incidents()) text += (text.empty() ? "" : "\n") + incident_text(incident);
    return text;
  }
  [[nodiscard]] v1::IncidentsReply page(const v1::IncidentsRequest& ask) const {
    v1::Reply reply;
    tell(*incidents, ask, reply);
    REQUIRE(reply.error() == "");
    return reply.incidents();
  }
  [[nodiscard]] std::string refusal(const v1::IncidentsRequest& ask) const {
    v1::Reply reply;
    tell(*incidents, ask, reply);
    return reply.error();
  }
  [[nodiscard]] v1::Incident only() const {
    REQUIRE(incidents->all().size() == 1);
    return incidents->all().begin()->second;
  }
  [[nodiscard]] std::size_t entries() const { return saved_.entries.size(); }

  std::string events;
  std::set<std::string> ids;

 private:
  Saved saved_;
  std::uint64_t now_ = 0;
  std::uint64_t offset_ = 0;

 public:
  std::unique_ptr<Incidents> incidents = std::make_unique<Incidents>(saved_);
};

}  // namespace

TEST_CASE(
    "5,000 overdue on one edge for one reason are one incident, with how many, the first and the last") {
  IncidentsBench bench;
  for (int i = 1; i <= 5'000; ++i) bench.overdue("flow-" + std::to_string(i));
  CHECK(bench.events == "opened b after a, CAUSE_PAUSED: 1 of 1 because of overdue-flow-1-b\n");
  const v1::Incident incident = bench.only();
  CHECK(incident.count() == 5'000);
  CHECK(incident.open() == 5'000);
  CHECK(incident.first_at() == 1);
  CHECK(incident.last_at() == 5'000);
  REQUIRE(incident.correlationids_size() == 10);
  CHECK(incident.correlationids(0) == "flow-5000");
  CHECK(incident.correlationids(9) == "flow-4991");
  CHECK(incident.cause().sentence() == "payments is paused, and a of flow-5000 waits for it");
}

TEST_CASE("what is being saved is known, though the archive does not have it yet") {
  IncidentsBench bench;
  bench.overdue("x");
  bench.overdue("y");
  bench.incidents->mark_saving();
  bench.comes_late("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 2");
  bench.completes("y", 1);
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 0 of 2, resolved");
}

TEST_CASE("another cause or another missing topic is another incident") {
  IncidentsBench bench;
  bench.overdue("x", v1::CAUSE_PAUSED);
  bench.overdue("y", v1::CAUSE_DEAD_LETTERED);
  bench.overdue("z", v1::CAUSE_PAUSED, "c");
  bench.overdue("w", v1::CAUSE_PAUSED);
  CHECK(bench.text() ==
        "c after a, CAUSE_PAUSED: 1 of 1\nb after a, CAUSE_DEAD_LETTERED: 1 of 1\nb after a, CAUSE_PAUSED: 2 "
        "of 2");
}

TEST_CASE(
    "what comes late is taken away, and with the last the incident is resolved; the next one opens anew") {
  IncidentsBench bench;
  bench.overdue("x");
  bench.overdue("y");
  bench.comes_late("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 2");
  bench.comes_late("y");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 0 of 2, resolved");
  bench.overdue("z");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 1\nb after a, CAUSE_PAUSED: 0 of 2, resolved");
  CHECK(bench.events ==
        "opened b after a, CAUSE_PAUSED: 1 of 1 because of overdue-x-b\n"
        "resolved b after a, CAUSE_PAUSED: 0 of 2, resolved because of resolved-y\n"
        "opened b after a, CAUSE_PAUSED: 1 of 1 because of overdue-z-b\n");
  CHECK(bench.ids.size() == 3);
}

TEST_CASE(
    "a flow's end takes away what is overdue in it under that definition, and a late one changes nothing") {
  IncidentsBench bench;
  bench.overdue("x");
  bench.overdue("x", v1::CAUSE_PAUSED, "c");
  bench.overdue("xx");
  bench.completes("x", 2, "g");
  bench.completes("x", 0);
  CHECK(bench.text() == "c after a, CAUSE_PAUSED: 1 of 1\nb after a, CAUSE_PAUSED: 2 of 2");
  SUBCASE("at once") {}
  SUBCASE("and after a restart") {
    bench.restarts();
  }
  bench.completes("x", 2);
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 2\nc after a, CAUSE_PAUSED: 0 of 1, resolved");
  bench.comes_late("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 2\nc after a, CAUSE_PAUSED: 0 of 1, resolved");
}

TEST_CASE("a verdict that stands in the log twice counts once") {
  IncidentsBench bench;
  bench.overdue("x");
  bench.overdue("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 1");
  bench.restarts();
  bench.overdue("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 1 of 1");
  bench.comes_late("x");
  bench.overdue("x");
  CHECK(bench.text() == "b after a, CAUSE_PAUSED: 0 of 1, resolved");
}

TEST_CASE("what ended before it was heard of is not opened any more") {
  IncidentsBench bench;
  bench.comes_late("x");
  bench.overdue("x");
  CHECK(bench.text() == "");
  bench.restarts();
  CHECK(bench.entries() == 0);
}

TEST_CASE("nothing is kept of what has come, and a flow that is forgotten takes the rest with it") {
  IncidentsBench bench;
  for (const char* flow : {"x", "y", "z"}) bench.overdue(flow);
  bench.restarts();
  CHECK(bench.entries() == 3);
  bench.comes_late("x");
  bench.restarts();
  CHECK(bench.entries() == 2);
  bench.incidents->forget("y", 9);
  bench.incidents->forget("z", 9);
  CHECK(bench.only().open() == 0);
  CHECK(bench.only().resolved_at() == 9);
  bench.restarts();
  CHECK(bench.entries() == 0);
}

TEST_CASE("a broken rule is an incident that is open until somebody acknowledges it") {
  IncidentsBench bench;
  bench.violates("x");
  bench.violates("y");
  bench.completes("x", 0);
  bench.restarts();
  CHECK(bench.text() == "b after a, forbidden: 2 of 2");
  bench.says(acknowledged_topic, bench.only().id());
  CHECK(bench.text() == "b after a, forbidden: 0 of 2, resolved, taken by ada@desk (on it)");
  bench.violates("z");
  CHECK(bench.incidents->open() == 1);
}

TEST_CASE("who has taken an incident on, and until when it is snoozed, stays with it while it goes on") {
  IncidentsBench bench;
  bench.overdue("x");
  const std::string id = bench.only().id();
  bench.says(acknowledged_topic, id);
  bench.says(snoozed_topic, id, 77);
  bench.restarts();
  bench.overdue("y");
  CHECK(bench.text() ==
        "b after a, CAUSE_PAUSED: 2 of 2, taken by ada@desk (on it), snoozed by ada@desk (on it)");
  CHECK(bench.only().snoozed_until() == 77);
  CHECK(bench.only().acknowledged_at() == 2);
  bench.says(acknowledged_topic, "another");
  CHECK(bench.incidents->all().size() == 1);
}

TEST_CASE("bytes that are no verdict change nothing") {
  IncidentsBench bench;
  for (const std::string_view topic : heeded_topics)
    bench.incidents->see({.offset = 1, .log_time = 1, .id = "i", .topic = topic, .data = "\xff\xff\xff"});
  bench.incidents->see({.offset = 2, .log_time = 1, .id = "i", .topic = "reel.flow.warning", .data = "\xff"});
  CHECK(bench.incidents->all().empty());
}

TEST_CASE("beyond the most that may be open no further incident opens, and what was not counted is told") {
  IncidentsBench bench;
  for (std::size_t i = 0; i < incidents_open_max + 2; ++i)
    bench.overdue("x", v1::CAUSE_PAUSED, "b" + std::to_string(i));
  CHECK(bench.incidents->open() == incidents_open_max);
  CHECK(bench.incidents->take_not_counted() == 2);
  CHECK(bench.incidents->take_not_counted() == 0);
  bench.comes_late("x", "b" + std::to_string(incidents_open_max));
  bench.comes_late("x", "b0");
  CHECK(bench.incidents->open() == incidents_open_max - 1);
}

TEST_CASE("resolved incidents are kept for a while, and at most so many") {
  IncidentsBench bench;
  for (std::size_t i = 0; i < incidents_resolved_max + 5; ++i) {
    bench.overdue("x" + std::to_string(i));
    bench.comes_late("x" + std::to_string(i));
  }
  bench.incidents->expire(0);
  CHECK(bench.incidents->all().size() == incidents_resolved_max);
  bench.restarts();
  CHECK(bench.incidents->all().size() == incidents_resolved_max);
  bench.incidents->expire(~std::uint64_t{0});
  CHECK(bench.incidents->all().empty());
}

TEST_CASE("incidents are listed page by page, the open ones first and the newest of them first") {
  IncidentsBench bench;
  for (const char* missing : {"b", "c", "d", "e"}) bench.overdue("x", v1::CAUSE_PAUSED, missing);
  bench.comes_late("x", "d");
  v1::IncidentsRequest ask;
  ask.set_limit(2);
  ask.set_resolved(true);
  const auto listed = [&] {
    std::string text;
    const auto page = bench.page(ask);
    for (const auto& incident : page.incidents()) text += incident.missing(0) + " ";
    ask.set_after(page.next());
    return text;
  };
  CHECK(listed() == "e c ");
  CHECK(listed() == "b d ");
  CHECK(ask.after() == "");
  ask.set_resolved(false);
  CHECK(listed() == "e c ");
  CHECK(listed() == "b ");
}

TEST_CASE("an incident is named by its id, or by the beginning of only one") {
  IncidentsBench bench;
  for (const char* missing : {"b", "c", "d", "e"}) bench.overdue("x", v1::CAUSE_PAUSED, missing);
  std::string refusal;
  const std::string id = bench.incidents->all().begin()->first;
  CHECK(incident_named(*bench.incidents, id, refusal)->id() == id);
  CHECK(incident_named(*bench.incidents, id.substr(0, 8), refusal)->id() == id);
  v1::IncidentsRequest ask;
  ask.set_id("nothing\n");
  CHECK(bench.refusal(ask) == "no incident has the id 'nothing\\x0a'");
  ask.set_id("");
  ask.set_after("open/x/y");
  CHECK(bench.refusal(ask) == "'open/x/y' is not the `next` of a page of incidents");

  v1::Incident twin;
  for (const char* each : {"twin-1", "twin-2"}) {
    twin.set_id(each);
    twin.set_state(v1::Incident::STATE_RESOLVED);
    bench.incidents->load(twin);
  }
  ask.set_id("twin");
  CHECK(bench.refusal(ask) == "2 incidents have an id that begins with 'twin': twin-1, twin-2");
}
