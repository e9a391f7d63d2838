// The list. How many events a run has is chosen so that it takes a second or two on two cores.
#include "scenario.h"

namespace reel::bench {
namespace {

constexpr std::uint64_t million = 1'000'000;
const std::vector<std::string> jetstreams{"jetstream-push", "jetstream-pull"};

Entrant entrant(const std::string& peer, const Task& task, std::uint64_t events) {
  Entrant entrant{peer, task};
  entrant.task.peer = Text{peer};
  entrant.task.events = events;
  return entrant;
}

/// How many events a run has, by how fast peers of that kind are and by the bytes.
std::uint64_t events_of(const Task& task, std::uint64_t small) {
  const std::uint64_t copies = task.groups();
  return small / (task.payload_bytes >= 1'024 ? 3 : 1) / (copies > 1 ? 2 : 1);
}

Scenario live(const std::string& name, std::uint32_t payload, std::uint32_t receivers) {
  const Task task{.payload_bytes = payload, .receivers = receivers, .keys = 1'000};
  Scenario scenario{
      .name = name, .about = "at most once, nothing kept: as fast as it goes", .entrants = {}, .goals = {}};
  scenario.entrants.push_back(entrant("reel", task, events_of(task, 6 * million)));
  for (const char* peer : {"zmq_proxy", "nats"})
    scenario.entrants.push_back(entrant(peer, task, events_of(task, 3 * million)));
  scenario.goals = {{"reel", "events_per_s", 1.5, {"zmq_proxy", "nats"}}};
  return scenario;
}

/// Flows of five events each, as a shop has them.
Entrant durable(const std::string& peer, Task task, std::uint64_t small) {
  const auto events = events_of(task, small);
  task.keys = events / 5;
  return entrant(peer, task, events);
}

/// Until the tracker has caught up, against the bus alone: what the two can keep up for ever.
Goal tracker_too() {
  return {"reel+tracker", "caught_up_per_s", 0, {"reel"}, "events_per_s"};
}

Scenario durable_os(const std::string& name, std::uint32_t payload, std::uint32_t receivers) {
  const Task task{.guarantee = Guarantee::durable_os, .payload_bytes = payload, .receivers = receivers};
  Scenario scenario{
      .name = name, .about = "kept, handled, acked; the disk when it likes", .entrants = {}, .goals = {}};
  for (const char* peer : {"reel", "reel+tracker"})
    scenario.entrants.push_back(durable(peer, task, 3 * million));
  for (const auto& peer : jetstreams) scenario.entrants.push_back(durable(peer, task, 200'000));
  scenario.entrants.push_back(durable("redis-streams", task, 500'000));
  scenario.goals = {{"reel", "events_per_s", payload >= 1'024 ? 6.0 : 10.0, jetstreams},
                    {"reel+tracker", "events_per_s", 0.6, {"reel"}},
                    tracker_too()};
  if (payload < 1'024) scenario.goals.push_back({"reel", "events_per_s", 6, {"redis-streams"}});
  return scenario;
}

Scenario durable_always(const std::string& name, std::uint32_t payload, std::uint32_t receivers) {
  const Task task{.guarantee = Guarantee::durable_always, .payload_bytes = payload, .receivers = receivers};
  Scenario scenario{.name = name,
                    .about = "kept, handled, acked; on disk before it is accepted",
                    .entrants = {},
                    .goals = {}};
  for (const char* peer : {"reel", "reel+tracker"})
    scenario.entrants.push_back(durable(peer, task, 3 * million));
  scenario.entrants.push_back(durable("redis-streams", task, 300'000));
  scenario.goals = {{"reel", "events_per_s", 8, {"redis-streams"}}, tracker_too()};
  return scenario;
}

Scenario many_to_many() {
  const Task task{.guarantee = Guarantee::durable_os,
                  .sharing = Sharing::instances,
                  .senders = 8,
                  .receivers = 4,
                  .keys = 10'000};
  return {.name = "keys",
          .about = "8 publishers, 4 instances of a service, 10,000 keys, each in order",
          .entrants = {entrant("reel", task, million)},
          .goals = {}};
}

Scenario latency(const std::string& name, Guarantee guarantee, double rate,
                 const std::vector<std::string>& others, std::vector<Goal> goals) {
  const Task task{.guarantee = guarantee, .keys = 1'000, .rate_per_s = rate};
  // Five seconds: long enough for a p99.9 of 1,000 a second to stand on five events.
  const auto events = static_cast<std::uint64_t>(rate * 5);
  Scenario scenario{.name = name,
                    .about = "from when an event was due until its handler has it",
                    .entrants = {},
                    .goals = std::move(goals)};
  scenario.entrants.push_back(entrant("reel", task, events));
  for (const auto& other : others) scenario.entrants.push_back(entrant(other, task, events));
  return scenario;
}

Scenario catch_up() {
  // Enough for more than two seconds of the quicker one.
  const Entrant one = durable("reel", {.guarantee = Guarantee::durable_os}, 8 * million);
  Scenario scenario{.name = "catch-up",
                    .about = "a service that begins with the oldest event, against one that was there",
                    .entrants = {one, one},
                    .goals = {{"reel from the journal", "events_per_s", 1.5, {"reel"}}}};
  scenario.entrants[1].name = "reel from the journal";
  scenario.entrants[1].task.course = Course::catch_up;
  return scenario;
}

Scenario restart() {
  const Task task{.guarantee = Guarantee::durable_os, .course = Course::restart};
  return {.name = "restart",
          .about = "a million events wait, the broker is killed and started, then they are handled",
          .entrants = {durable("reel", task, million)},
          .goals = {}};
}

Scenario open_flows() {
  Task task{.guarantee = Guarantee::durable_os, .keys = million / 2};
  return {.name = "open-flows",
          .about = "each event begins a flow that stays open: the tracker's memory for one",
          .entrants = {entrant("reel+tracker", task, million / 2)},
          .goals = {}};
}

/// One topic, and each event for one of so many subscriptions, each with a `when`.
Scenario filters(std::uint32_t subscriptions, std::vector<Goal> goals) {
  Task task{.guarantee = Guarantee::durable_os, .sharing = Sharing::instances, .keys = subscriptions};
  task.subscriptions = subscriptions;
  return {.name = "filters-" + std::to_string(subscriptions),
          .about = "subscriptions with a pattern on one topic; each event is wanted by one",
          .entrants = {entrant("reel", task, million / 5)},
          .goals = std::move(goals)};
}

std::vector<Scenario> make_all() {
  return {
      live("live-128-1x1", 128, 1),
      live("live-128-1x4", 128, 4),
      live("live-1k-1x1", 1'024, 1),
      live("live-1k-1x4", 1'024, 4),
      durable_os("os-128-1x1", 128, 1),
      durable_os("os-128-1x4", 128, 4),
      durable_os("os-1k-1x1", 1'024, 1),
      durable_always("always-128-1x1", 128, 1),
      durable_always("always-128-1x4", 128, 4),
      durable_always("always-1k-1x1", 1'024, 1),
      many_to_many(),
      latency("latency-live-1k", Guarantee::live, 1'000, {"zmq_proxy", "nats"}, {}),
      latency("latency-live-20k", Guarantee::live, 20'000, {"zmq_proxy", "nats"},
              {{"reel", "p99_us", 1, {"zmq_proxy"}}}),
      latency("latency-os-1k", Guarantee::durable_os, 1'000, {"jetstream-push", "redis-streams"}, {}),
      latency("latency-os-20k", Guarantee::durable_os, 20'000, {"jetstream-push", "redis-streams"},
              {{"reel", "p50_us", 1, {"jetstream-push"}}, {"reel", "p99_us", 0.2, {"jetstream-push"}}}),
      latency("latency-always-1k", Guarantee::durable_always, 1'000, {"redis-streams"},
              {{"reel", "p50_us", 1, {"redis-streams"}}}),
      latency("latency-always-20k", Guarantee::durable_always, 20'000, {"redis-streams"}, {}),
      catch_up(),
      restart(),
      open_flows(),
      filters(1, {}),
      filters(100, {}),
      filters(1'000, {{"reel", "cpu_broker", 3, {}}}),
  };
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = make_all();
  return all;
}

}  // namespace reel::bench
