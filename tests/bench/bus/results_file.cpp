#include "results_file.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <sstream>

#include "process.h"

namespace reel::bench {
namespace {

using Json = nlohmann::json;

Json medians_of(const std::vector<Figures>& runs) {
  Json medians = Json::object();
  if (runs.empty()) return medians;
  for (const auto& [figure, value] : runs.front()) medians[figure] = spread_of(runs, figure).median;
  return medians;
}

Json json_of(const Task& task) {
  return {{"payload_bytes", task.payload_bytes},
          {"senders", task.senders},
          {"receivers", task.receivers},
          {"events", task.events},
          {"keys", task.keys},
          {"rate_per_s", task.rate_per_s}};
}

Json json_of(const Goal& goal, const Results& results) {
  const Judgement judgement = judge(goal, results);
  Json json{{"entrant", goal.entrant}, {"figure", goal.figure}};
  if (goal.factor != 0) json["wanted"] = goal.factor;
  if (judgement.reference == 0) return json;
  json["is"] = judgement.ratio();
  if (goal.factor != 0) json["reached"] = judgement.reached;
  if (!judgement.against.empty()) json["against"] = judgement.against;
  if (!goal.figure_of_others.empty()) json["figure_of_others"] = goal.figure_of_others;
  return json;
}

Json json_of(const Scenario& scenario, const Results& results) {
  Json entrants = Json::object();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& [name, runs, failures] = results[i];
    Json failed = Json::array();
    for (const Failure& failure : failures)
      failed.push_back({{"round", failure.round}, {"error", failure.error}});
    entrants[name] = {{"task", json_of(scenario.entrants[i].task)},
                      {"median", medians_of(runs)},
                      {"runs", runs},
                      {"failed", failed}};
  }
  Json goals = Json::array();
  for (const Goal& goal : scenario.goals) goals.push_back(json_of(goal, results));
  return {{"about", scenario.about}, {"entrants", entrants}, {"goals", goals}};
}

/// Of the first processor.
std::string cpuinfo(std::string_view name) {
  std::istringstream lines{test::read_file("/proc/cpuinfo")};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return line.substr(line.find(':') + 2);
  }
  return {};
}

}  // namespace

Json json_of(const AllResults& results) {
  Json scenarios = Json::object();
  for (const auto& [scenario, entrants] : results) scenarios[scenario.name] = json_of(scenario, entrants);
  return {{"machine", machine()}, {"scenarios", scenarios}};
}

Json machine() {
  utsname name{};
  ::uname(&name);
  return {{"processor", cpuinfo("model name")},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", name.release}};
}

double clock_ghz() {
  const std::string mhz = cpuinfo("cpu MHz");
  return mhz.empty() ? 0 : std::stod(mhz) / 1'000;
}

}  // namespace reel::bench
