// Instances of a service that join and leave every tenth of a second under load, a third of them by kill -9:
// nothing is lost or doubled, the order of each key holds, and nobody starves. Stands beside the crash tests
// because load and claims are theirs; what is killed here is one service only, but all the time.
//
// REEL_SOAK=1 makes five seconds a minute; REEL_CRASH_SEED=N repeats a run's choices (not its timing).
#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "claims.h"
#include "crowd.h"
#include "record.h"

namespace reel::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr milliseconds short_run = 5s;
constexpr milliseconds soak_run = 60s;
constexpr milliseconds between_turns = 100ms;
constexpr unsigned orders_per_second = 1'000;

// Starting the process and joining are part of a stay: on a loaded machine that takes a good part of it.
constexpr milliseconds long_stay = 2s;
// A key whose instance is killed waits until that is known, which takes 0.3 s, and may be unlucky again: what
// it waits for next may be dead already. Thirty times in a row would be starving.
constexpr milliseconds longest_gap = 10s;

std::uint64_t chosen_seed() {
  const char* const text = std::getenv("REEL_CRASH_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

// The longest time between two events of one key that began to be handled.
milliseconds longest_gap_in(const std::vector<Handled>& handled) {
  std::map<std::uint32_t, milliseconds> last;
  milliseconds longest{0};
  for (const auto& one : handled) {
    const auto [before, first] = last.try_emplace(one.order.key, one.at);
    if (!first) longest = std::max(longest, one.at - std::exchange(before->second, one.at));
  }
  return longest;
}

void check_nobody_starved(const std::vector<Handled>& handled, const std::vector<Stay>& stays,
                          Findings& findings) {
  std::set<std::string> fed;
  for (const auto& one : handled) fed.insert(one.instance);
  for (const auto& stay : stays) {
    if (stay.time >= long_stay && !fed.contains(stay.instance)) {
      findings.add("instance without an event",
                   stay.instance + " in " + std::to_string(stay.time.count()) + " ms");
    }
  }
  if (const auto gap = longest_gap_in(handled); gap > longest_gap) {
    findings.add("a key starved", "for " + std::to_string(gap.count()) + " ms");
  }
}

bool worker_is_done(const std::string& broker) {
  QueryClient client{broker};
  v1::Request request;
  request.mutable_services();
  return eventually([&] {
    const auto reply = client.ask(request);
    return std::any_of(reply.services().services().begin(), reply.services().services().end(),
                       [](const auto& service) {
                         return service.service() == "worker" && !service.behind() && service.waiting() == 0;
                       });
  });
}

TEST_CASE("instances come and go all the time: nothing is lost, order holds, nobody starves") {
  const auto run = std::getenv("REEL_SOAK") != nullptr ? soak_run : short_run;
  const auto seed = chosen_seed();
  Mesh mesh{mesh_of_orders("10s"), "journal: {sync: os}"};
  mesh.start_broker();
  const auto accepted = (mesh.dir() / "accepted").string();
  const auto reminders = (mesh.dir() / "reminders").string();
  const auto handled_file = (mesh.dir() / "handled").string();
  Log log{mesh.endpoint()};
  Findings findings;
  std::vector<Handled> handled;
  std::size_t left = 0;
  std::size_t killed = 0;
  try {
    Crowd crowd{mesh, seed, handled_file};
    const auto publisher = mesh.start("../tests/crash_load",
                                      {"publisher", "--accepted", accepted, "--reminders", reminders,
                                       "--per-second", std::to_string(orders_per_second)},
                                      "publisher");
    const auto begin = Clock::now();
    for (auto next = begin; next < begin + run; next += between_turns) {
      ::poll(nullptr, 0,
             static_cast<int>(std::max<std::int64_t>(
                 0, std::chrono::duration_cast<milliseconds>(next - Clock::now()).count())));
      crowd.turn();
      log.read();
    }
    if (publisher->stop() != 0) findings.add("undone", "the last orders were not answered");
    crowd.settle();
    if (!worker_is_done(mesh.endpoint())) findings.add("undone", "the worker's queue does not empty");
    if (!log.read_on()) findings.add("undone", "the log's end does not come");
    handled = read_handled(handled_file);
    check_nobody_starved(handled, crowd.stays(), findings);
    left = crowd.stays().size();
    killed = static_cast<std::size_t>(std::count_if(crowd.stays().begin(), crowd.stays().end(),
                                                    [](const Stay& stay) { return stay.killed; }));
  } catch (const std::exception& error) {
    findings.add("broken off", error.what());
  }
  check_orders(read_accepted(accepted), log.events(), findings);
  check_handling(handled, log.events(), findings);
  for (const auto& dead : read_dead(mesh.endpoint())) findings.add("dead letter", dead);
  const auto figures = figures_of(log.events());
  std::cout << "seed " << seed << ": " << left << " instances left, " << killed << " of them killed, "
            << figures.orders << " orders, " << handled.size() << " handlers begun, longest gap of a key "
            << longest_gap_in(handled).count() << " ms" << std::endl;
  CHECK_MESSAGE(findings.none(), "REEL_CRASH_SEED=" << seed << "\nwrong:\n" << findings.text());
}

}  // namespace
}  // namespace reel::test
