// One desk with a made-up tracker and a target that takes notes.
#include <doctest/doctest.h>

#include <functional>

#include "alerts/desk.h"
#include "alerts_bench.h"

using namespace reel;
using namespace reel::alerts;
using namespace std::chrono_literals;

namespace {

class FakeTracker : public Tracker {
 public:
  TrackerSight look(std::uint64_t) override {
    return {"tcp://t:1", answers ? "" : "does not answer", noon, 0};
  }
  std::vector<v1::Incident> open_incidents() override {
    if (!answers) throw std::runtime_error{"no answer"};
    std::vector<v1::Incident> open;
    for (const auto& incident : incidents) {
      if (incident.state() == v1::Incident::STATE_OPEN) open.push_back(incident);
    }
    return open;
  }
  std::optional<v1::Incident> incident(const std::string& id) override {
    if (!answers) throw std::runtime_error{"no answer"};
    for (const auto& incident : incidents) {
      if (incident.id() == id) return incident;
    }
    return std::nullopt;
  }

  std::vector<v1::Incident> incidents;
  bool answers = true;
};

struct DeskBench {
  DeskBench() : DeskBench{DeskSettings{.beat = false}} {}
  explicit DeskBench(DeskSettings settings)
      : desk{std::move(settings), tracker,
             [this](std::vector<Notice> notices) {
               for (const auto& notice : notices) said += (said.empty() ? "" : ", ") + notice.key;
               last = notices.front();
               if (while_telling) while_telling();
               return Sent{reachable, reachable ? "answered 200" : "cannot be connected to"};
             },
             [this] { return now; }, started} {}

  /// Turns whenever there is something to do, until so much time has passed.
  void pass(std::chrono::seconds time) {
    const auto end = at + time;
    while (at < end) {
      const auto next = std::min(desk.turn(at), end);
      now += static_cast<std::uint64_t>((next - at).count());
      at = next;
    }
  }
  std::string take() { return std::exchange(said, {}); }

  FakeTracker tracker;
  std::uint64_t now = noon;
  Time started{};
  Time at{};
  bool reachable = true;
  std::string said;
  Notice last;
  std::function<void()> while_telling;
  Desk desk;
};

const DeskSettings forgetful{.forgets = true, .beat = false};

}  // namespace

TEST_CASE("what opens and is resolved is told once each, however often it is delivered") {
  DeskBench bench;
  bench.desk.opened(overdue_incident(), {.id = "e-1"});
  bench.desk.opened(overdue_incident(), {.id = "e-1", .attempt = 2});
  bench.desk.resolved(resolved_incident(), {.id = "e-2"});
  bench.desk.resolved(resolved_incident(), {.id = "e-2", .attempt = 2});
  CHECK(bench.said == "i-1:firing, i-1:resolved");
}

TEST_CASE("who asks for it once more gets it once more") {
  DeskBench bench;
  bench.desk.opened(overdue_incident(), {.id = "e-1"});
  bench.desk.opened(overdue_incident(), {.id = "e-1", .wanted_again = true});
  CHECK(bench.said == "i-1:firing, i-1:firing");
}

TEST_CASE("a target that is not reached is tried again, with the incident as it stands by then") {
  DeskBench bench;
  bench.reachable = false;
  CHECK_THROWS_WITH_AS(bench.desk.opened(overdue_incident(), {.id = "e-1"}), "cannot be connected to",
                       NotTold);
  auto grown = overdue_incident();
  grown.set_count(40);
  bench.tracker.incidents = {grown};
  bench.reachable = true;
  bench.desk.opened(overdue_incident(), {.id = "e-1", .attempt = 2});
  CHECK(bench.last.incident->count() == 40);

  SUBCASE("where the tracker does not answer, as it came") {
    bench.tracker.answers = false;
    bench.desk.opened(overdue_incident("i-2"), {.id = "e-2", .attempt = 2});
    CHECK(bench.last.incident->count() == 3);
  }
}

TEST_CASE("what was snoozed before it could be told is told when that is over, if it is still open") {
  DeskBench bench;
  auto incident = overdue_incident();
  incident.set_snoozed_until(noon + 60 * second_ns);
  bench.tracker.incidents = {incident};
  bench.desk.opened(overdue_incident(), {.id = "e-1", .attempt = 2});
  CHECK(bench.take() == "");

  v1::IncidentCare care;
  care.set_incident("i-1");
  care.set_by("ada");
  care.set_reason("known");
  care.set_until(noon + 60 * second_ns);
  CHECK_THROWS_WITH_AS(bench.desk.snoozed(care, {.id = "e-2"}),
                       "snoozed until 2026-11-24T12:01:00Z by ada: known", NotYet);
  bench.now = noon + 60 * second_ns;
  SUBCASE("and it is open") {
    bench.desk.snoozed(care, {.id = "e-2", .attempt = 2});
    bench.desk.snoozed(care, {.id = "e-2", .attempt = 3});
    CHECK(bench.said == "i-1:firing:snoozed until 2026-11-24T12:01:00Z");
  }
  SUBCASE("and it is resolved") {
    bench.tracker.incidents = {resolved_incident()};
    bench.desk.snoozed(care, {.id = "e-2", .attempt = 2});
    CHECK(bench.said == "");
  }
  SUBCASE("and it was snoozed anew") {
    bench.tracker.incidents[0].set_snoozed_until(noon + 90 * second_ns);
    bench.desk.snoozed(care, {.id = "e-2", .attempt = 2});
    CHECK(bench.said == "");
  }
  SUBCASE("and nobody knows it any more") {
    bench.tracker.incidents.clear();
    bench.desk.snoozed(care, {.id = "e-2", .attempt = 2});
    CHECK(bench.said == "");
  }
  SUBCASE("and the tracker does not answer: later") {
    bench.tracker.answers = false;
    CHECK_THROWS_WITH(bench.desk.snoozed(care, {.id = "e-2", .attempt = 2}), "no answer");
  }
}

TEST_CASE("a target's wish holds for what ends its snooze, and for what is repeated") {
  DeskBench bench{DeskSettings{.forgets = true, .beat = false, .when = R"({"data":{"owner":["shipping"]}})"}};
  bench.tracker.incidents = {overdue_incident("i-1"), overdue_incident("i-2")};
  bench.tracker.incidents[1].set_owner("shipping");
  bench.pass(1s);
  CHECK(bench.take() == "i-2:firing");
  v1::IncidentCare care;
  care.set_incident("i-1");
  bench.desk.snoozed(care, {.id = "e-1"});
  CHECK(bench.take() == "");
  care.set_incident("i-2");
  bench.desk.snoozed(care, {.id = "e-2"});
  CHECK(bench.take() == "i-2:firing:snoozed until 1970-01-01T00:00:00Z");
}

TEST_CASE("who forgets is told again of what is open, until it is over; others are not") {
  DeskBench bench{forgetful};
  bench.tracker.incidents = {overdue_incident()};
  bench.pass(130s);
  CHECK(bench.take() == "i-1:firing, i-1:firing, i-1:firing");
  bench.tracker.incidents = {resolved_incident()};
  bench.pass(130s);
  CHECK(bench.take() == "");

  DeskBench other;
  other.tracker.incidents = {overdue_incident()};
  other.pass(300s);
  CHECK(other.said == "tracker-silent-1795521600:resolved");  // as it starts
}

TEST_CASE("what is over is not repeated on the word of a tracker that does not know it yet") {
  DeskBench bench{forgetful};
  bench.tracker.incidents = {overdue_incident(), overdue_incident("i-2")};
  bench.desk.resolved(resolved_incident(), {.id = "e-1"});
  CHECK(bench.take() == "i-1:resolved");
  bench.pass(1s);
  CHECK(bench.take() == "i-2:firing");
}

TEST_CASE("what is snoozed is not repeated before the snooze ends") {
  DeskBench bench{forgetful};
  auto incident = overdue_incident();
  incident.set_snoozed_until(noon + 100 * second_ns);
  bench.tracker.incidents = {incident};
  bench.pass(100s);
  CHECK(bench.take() == "");
  bench.pass(60s);
  CHECK(bench.take() == "i-1:firing");
}

TEST_CASE("many open incidents are told in several posts") {
  DeskBench bench{forgetful};
  for (int i = 0; i < 1'200; ++i)
    bench.tracker.incidents.push_back(overdue_incident("i-" + std::to_string(i)));
  int posts = 0;
  bench.while_telling = [&] { ++posts; };
  bench.pass(1s);
  CHECK(posts == 3);
  CHECK(bench.said.ends_with("i-1199:firing"));
}

TEST_CASE("a tracker that dies is told of under one id, and again when it is back") {
  DeskBench bench{DeskSettings{.watchdog = 60s, .beat = true}};
  bench.pass(61s);
  CHECK(bench.take() == "tracker-silent-1795521600:resolved, watchdog:1795521600000, watchdog:1795521660000");
  bench.tracker.answers = false;
  bench.pass(299s);
  CHECK(bench.take() == "tracker-silent-1795521660:firing");
  CHECK(bench.last.tracker->trouble == "does not answer");
  bench.tracker.answers = true;
  bench.pass(1s);
  CHECK(bench.take() == "tracker-silent-1795521660:resolved, watchdog:1795521960000");
}

TEST_CASE("a tracker that answers and judges nothing is not well") {
  v1::SummaryReply summary;
  CHECK(trouble_of(summary, noon) == "has not heard of the broker yet");
  summary.set_watermark(noon - 30 * second_ns);
  CHECK(trouble_of(summary, noon) == "");
  summary.set_watermark(noon - 31 * second_ns);
  CHECK(trouble_of(summary, noon) == "has judged nothing for 31 s: it is behind, or the broker is gone");
  summary.set_watermark(noon + 31 * second_ns);
  CHECK(trouble_of(summary, noon) == "");
}

TEST_CASE("the newest ids are remembered, as many as fit") {
  RecentIds ids{2};
  ids.add("a");
  ids.add("b");
  ids.add("a");
  ids.add("c");
  CHECK(!ids.contains("a"));
  CHECK(ids.contains("b"));
  CHECK(ids.contains("c"));
}
