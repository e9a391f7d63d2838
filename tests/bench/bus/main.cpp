// Reel beside its peers, on this machine, in one run.
//
//   bus_bench [SCENARIO…] [--rounds N] [--scale X] [--only PEER,…] [--json FILE] [--plot FILE] [--ipc]
//   bus_bench --profile SCENARIO [--rounds N] [--scale X] [--only ENTRANT]
//
// Each scenario's entrants take turns, round after round, so that a machine that drifts drifts for all of
// them; what is reported are medians. Broker, senders and receivers are processes of their own; every event
// is checked for loss, order and repetition. CPU is user and system time of each process while the clock ran.
// --profile says instead, of Reel's entrants, which stage of an event's path takes how much of it.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cpu_account.h"
#include "peer.h"
#include "plot.h"
#include "profiler.h"
#include "report.h"
#include "results_file.h"
#include "roles.h"
#include "run.h"
#include "scenario.h"

namespace {

using namespace reel::bench;

struct Setting {
  std::vector<std::string> names;
  std::vector<std::string> only;
  int rounds = 5;
  double scale = 1;
  std::string json;
  std::string plot;
  bool ipc = false;
  std::string profile;
};

struct Part {
  std::string role;
  std::string page;
  std::uint32_t number = 0;
};

bool can_take_part(const std::string& peer) {
  const auto names = peer_names();
  return std::find(names.begin(), names.end(), peer) != names.end() && make_peer(peer)->missing().empty();
}

bool wanted(const Setting& setting, const Entrant& entrant) {
  const auto& only = setting.only;
  return only.empty() || std::find(only.begin(), only.end(), entrant.name) != only.end();
}

Task scaled(Task task, const Setting& setting) {
  const auto part = [&](std::uint64_t whole) {
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(static_cast<double>(whole) * setting.scale), 1);
  };
  // As many for each sender and of each key; a subscription has a key of its own.
  if (task.subscriptions == 0)
    task.keys = std::max<std::uint64_t>(part(task.keys) / task.senders, 1) * task.senders;
  task.events = (part(task.events) + task.senders - 1) / task.senders * task.senders;
  task.over_ipc = setting.ipc;
  return task;
}

Scenario scaled(Scenario scenario, const Setting& setting) {
  for (Entrant& entrant : scenario.entrants) entrant.task = scaled(entrant.task, setting);
  return scenario;
}

/// True where every entrant did its work in every round.
bool measure(const Setting& setting, const Scenario& scenario, Results& results) {
  bool good = true;
  for (const Entrant& entrant : scenario.entrants) results.push_back({entrant.name, {}, {}});
  for (int round = 0; round < setting.rounds; ++round) {
    for (std::size_t i = 0; i < scenario.entrants.size(); ++i) {
      const Entrant& entrant = scenario.entrants[i];
      if (!wanted(setting, entrant) || !can_take_part(entrant.task.peer.text())) continue;
      std::fprintf(stderr, "  %s: %s, round %d of %d\n", scenario.name.c_str(), entrant.name.c_str(),
                   round + 1, setting.rounds);
      try {
        results[i].runs.push_back(run(entrant.task));
      } catch (const std::exception& error) {
        good = false;
        results[i].failures.push_back({round + 1, error.what()});
        std::fprintf(stderr, "  %s: %s: %s\n", scenario.name.c_str(), entrant.name.c_str(), error.what());
      }
    }
  }
  return good;
}

/// So many runs of each of Reel's entrants, and their CPU by stage.
int profile(const Setting& setting) {
  if (const std::string missing = Profiler::missing(); !missing.empty()) throw std::runtime_error{missing};
  const auto whole = std::find_if(scenarios().begin(), scenarios().end(),
                                  [&](const Scenario& each) { return each.name == setting.profile; });
  const Scenario scenario = scaled(*whole, setting);
  for (const Entrant& entrant : scenario.entrants) {
    if (!entrant.name.starts_with("reel") || !wanted(setting, entrant)) continue;
    Results results{{entrant.name, {}, {}}};
    CpuAccount account;
    for (int round = 0; round < setting.rounds; ++round) {
      Profiler profiler;
      results[0].runs.push_back(run(entrant.task, &profiler));
      account.add(profiler.samples(), profiler.processes());
    }
    const AccountScale scale{.events = entrant.task.events * static_cast<std::uint64_t>(setting.rounds),
                             .sample_ns = 1e9 / samples_per_s,
                             .clock_ghz = clock_ghz()};
    std::printf("%s\n%s\n", report({scenario.name, scenario.about, {entrant}, {}}, results).c_str(),
                account.table(scale).c_str());
    std::fflush(stdout);
  }
  return 0;
}

int bench(const Setting& setting) {
  AllResults all;
  bool good = true;
  for (const Scenario& whole : scenarios()) {
    const auto& names = setting.names;
    if (!names.empty() && std::find(names.begin(), names.end(), whole.name) == names.end()) continue;
    const Scenario scenario = scaled(whole, setting);
    Results results;
    good = measure(setting, scenario, results) && good;
    std::printf("%s\n", report(scenario, results).c_str());
    std::fflush(stdout);
    all.push_back({scenario, std::move(results)});
    // What there is so far: a long measurement that is broken off has not been for nothing.
    if (!setting.json.empty()) reel::test::write_file(setting.json, json_of(all).dump(2) + "\n");
    if (!setting.plot.empty()) reel::test::write_file(setting.plot, plot(all));
  }
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  Setting setting;
  Part part;
  std::vector<std::string> known;
  for (const Scenario& scenario : scenarios()) known.push_back(scenario.name);
  CLI::App app{"Reel beside its peers, on this machine, in one run."};
  app.add_option("scenarios", setting.names, "Which; all if none is named")->check(CLI::IsMember(known));
  app.add_option("--rounds", setting.rounds, "Runs of each entrant")->capture_default_str();
  app.add_option("--scale", setting.scale, "So many times the events")->capture_default_str();
  app.add_option("--only", setting.only, "These entrants alone")->delimiter(',');
  app.add_option("--json", setting.json, "Where the results go");
  app.add_option("--plot", setting.plot, "Where the picture goes, an SVG");
  app.add_flag("--ipc", setting.ipc, "Unix sockets for those that have them, instead of the loopback");
  app.add_option("--profile", setting.profile, "Where Reel's CPU goes in this one, by perf")
      ->check(CLI::IsMember(known));
  // How it starts itself for the other processes.
  app.add_option("--role", part.role)->group("");
  app.add_option("--page", part.page)->group("");
  app.add_option("--number", part.number)->group("");
  CLI11_PARSE(app, argc, argv);
  if (!part.role.empty()) {
    play(part.role, part.page, part.number);
    return 0;
  }
  return setting.profile.empty() ? bench(setting) : profile(setting);
} catch (const std::exception& error) {
  std::fprintf(stderr, "bus_bench: %s\n", error.what());
  return 1;
}
