// Crashes in the middle of load, and what must be true afterwards (claims.h). The short form deals a few
// blows for each way of syncing; REEL_SOAK=1 makes it hundreds. What else may matter is spread over the
// three: the transport, retention, how often the broker writes a snapshot. REEL_CRASH_SEED=N repeats a run's
// choices (not its timing), REEL_CRASH_BLOWS=N sets how many, REEL_CRASH_ONLY="kill broker" deals only these.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "blows.h"
#include "claims.h"
#include "operated.h"
#include "record.h"

namespace reel::test {
namespace {

// The short form has every kind of blow once in each of three settings.
constexpr std::size_t blows_short = 15;
// 20 rounds, in which 200 blows are kill -9 of whoever handles events.
constexpr std::size_t blows_soak = 300;

// A segment is named by its first offset; this one goes with the first that retention deletes.
constexpr const char* first_segment_name = "00000000000000000001";

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::uint64_t chosen_seed() {
  static const auto seed = number_from("REEL_CRASH_SEED", std::random_device{}());
  return seed;
}

Findings judge(Victims& victims, Log& log) {
  Findings findings;
  if (!victims.drain()) findings.add("undone", "a queue does not empty, or letters or reminders stay");
  // Verdicts come when their deadlines have passed.
  const bool judged = eventually([&] {
    if (!log.read_on()) return false;
    Findings verdicts;
    check_verdicts(log.events(), verdicts);
    return verdicts.none();
  });
  if (!judged) check_verdicts(log.events(), findings);
  check_orders(read_accepted(victims.accepted_file()), log.events(), findings);
  check_handling(read_handled(victims.handled_file()), log.events(), findings);
  check_billing(read_handled(victims.billed_file()), log.events(), findings);
  check_reminders(read_reminders(victims.reminders_file()), log.events(), findings);
  check_tracker(ask_tracker(victims.mesh().tracker_endpoint()), log.events(), findings);
  for (const auto& dead : read_dead(victims.mesh().endpoint())) findings.add("dead letter", dead);
  check_audit(victims.mesh().reel({"verify"}), findings);
  return findings;
}

void survive(Setting setting) {
  const bool soak = std::getenv("REEL_SOAK") != nullptr;
  if (soak) setting.orders_per_second = 500;
  const auto blows = number_from("REEL_CRASH_BLOWS", soak ? blows_soak : blows_short);
  const auto seed = chosen_seed();
  const auto began = std::chrono::steady_clock::now();
  std::cout << "sync " << setting.sync << ", seed " << seed << std::endl;
  Victims victims{seed, setting};
  Findings findings;
  Figures figures;
  OperatedFigures operated;
  try {
    Log log{victims.mesh().endpoint()};
    while (victims.blows() < blows && findings.none()) {
      victims.blow();
      log.read();
      // Where retention deletes nothing, the journal must add up at any moment; in the end all of it is
      // looked at.
      if (!setting.retains) {
        check_audit(victims.mesh().reel({"verify", "--from", "1m", "--timeout", "20s"}), findings);
      }
    }
    if (findings.none()) findings = judge(victims, log);
    figures = figures_of(log.events());
    operated = operated_figures_of(log.events());
    // The short form may write too little for retention to have anything to delete on a busy machine.
    if (soak && setting.retains && victims.mesh().first_segment().stem() == first_segment_name) {
      findings.add("nothing deleted", "retention has not deleted a segment");
    }
  } catch (const std::exception& error) {
    findings.add("broken off", error.what());
  }
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
  std::cout << "sync " << setting.sync << ": " << victims.blows() << " blows in " << seconds.count() << " s, "
            << figures.orders << " orders, " << figures.follow_ups << " follow-ups, " << figures.overdue
            << " overdue, " << figures.resolved << " of them resolved, " << operated.bills << " bills, "
            << operated.letters << " orders that died, " << operated.discarded << " of them discarded, "
            << operated.reminders << " reminders" << std::endl;
  if (findings.none()) return;
  FAIL("sync " << setting.sync << ", REEL_CRASH_SEED=" << seed << ", everything is kept in "
               << victims.keep_folder() << "\nwrong:\n"
               << findings.text() << "blows:\n"
               << victims.story());
}

TEST_CASE("with every commit synced, crashes lose nothing and double nothing") {
  survive({.sync = "always", .snapshot_events = 2'000});
}

TEST_CASE("with the system left to write back, crashes of programs lose nothing and double nothing") {
  survive({.sync = "os", .transport = Transport::tcp, .retains = true});
}

TEST_CASE("with commits synced now and then, crashes of programs lose nothing and double nothing") {
  survive({.sync = "interval", .retains = true, .snapshot_events = 1'000});
}

}  // namespace
}  // namespace reel::test
