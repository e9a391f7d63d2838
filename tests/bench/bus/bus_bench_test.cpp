// What measures is tested too: its arithmetic on figures made up, and itself on a few thousand events.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "arrival_check.h"
#include "cpu_account.h"
#include "page.h"
#include "plot.h"
#include "process.h"
#include "report.h"
#include "results_file.h"
#include "scenario.h"

using namespace reel::bench;
using reel::test::Process;
using reel::test::TempDir;

namespace {

const Scenario race{.name = "race",
                    .about = "who is faster",
                    .entrants = {{"reel", {}}, {"hare", {}}, {"tortoise", {}}},
                    .goals = {{"reel", "events_per_s", 1.5, {"hare", "tortoise"}},
                              {"reel", "p99_us", 0.5, {"hare", "tortoise"}},
                              {"reel", "cpu_broker", 3, {}},
                              {"reel", "events_per_s", 0, {"hare"}, "p99_us"}}};

Figures figures(double rate, double p99, double cpu) {
  return {{"events_per_s", rate}, {"p99_us", p99}, {"cpu", cpu}, {"cpu_broker", cpu}};
}

const Results results{{"reel", {figures(3'000, 90, 1), figures(1'000, 110, 2), figures(2'000, 100, 4)}, {}},
                      {"hare", {figures(1'000, 300, 1)}, {{2, "7 events lost\nbroker:\nout of carrots"}}},
                      {"tortoise", {figures(500, 150, 1)}, {}}};

std::string line_with(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  if (at == text.npos) return "";
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

/// A page for `keys` keys of one sender, and what arrives on it.
struct Arriving {
  explicit Arriving(std::uint64_t events, std::uint64_t keys)
      : page{Page::make((dir.path() / "page").string(), Task{.events = events, .keys = keys})},
        check{page, 0} {}

  void see(std::uint64_t number) {
    Payload payload{64};
    payload.stamp({.number = number});
    check.see(payload.bytes());
  }
  Arrivals& group() { return page->groups[0]; }

  TempDir dir;
  Page page;
  ArrivalCheck check;
};

}  // namespace

TEST_CASE("a median is the middle, or between the two in the middle") {
  CHECK(spread_of(results[0].runs, "events_per_s").median == 2'000);
  CHECK(spread_of(results[0].runs, "events_per_s").min == 1'000);
  CHECK(spread_of({figures(1, 0, 0), figures(2, 0, 0)}, "events_per_s").median == 1.5);
  CHECK(spread_of({}, "events_per_s").median == 0);
}

TEST_CASE("a goal is judged against the best of the others") {
  const Judgement rate = judge(race.goals[0], results);
  CHECK(rate.against == "hare");
  CHECK(rate.ratio() == 2);
  CHECK(rate.reached);
  SUBCASE("and the best latency is the smallest") {
    const Judgement late = judge(race.goals[1], results);
    CHECK(late.against == "tortoise");
    CHECK_FALSE(late.reached);
  }
  SUBCASE("or against a number") {
    const Judgement cpu = judge(race.goals[2], results);
    CHECK(cpu.value == 2);
    CHECK(cpu.reached);
  }
  SUBCASE("or against another figure of theirs") {
    const Judgement odd = judge(race.goals[3], results);
    CHECK(odd.reference == 300);
  }
  SUBCASE("and nothing is said where nobody else took part") {
    CHECK(judge(race.goals[0], {results[0]}).reference == 0);
    CHECK(judge(race.goals[2], {results[1]}).reference == 0);
  }
}

TEST_CASE("the report says figures, their spread and how the goals stand") {
  const std::string text = report(race, results);
  CHECK(line_with(text, "race:") == "race: who is faster");
  CHECK(line_with(text, "  reel ").find("2,000/s (1,000 – 3,000)") != std::string::npos);
  CHECK(line_with(text, "events_per_s") == "  ✓ reel: events_per_s is 2.00 × hare (wanted: at least 1.50 ×)");
  CHECK(line_with(text, "p99_us") == "  ✗ reel: p99_us is 0.67 × tortoise (wanted: at most 0.50 ×)");
  CHECK(line_with(text, "cpu_broker") == "  ✓ reel: cpu_broker is 2.00 (wanted: at most 3.00)");
  CHECK(line_with(text, "'s p99") == "  · reel: events_per_s is 6.67 × hare's p99_us");
  CHECK(line_with(text, "failed") == "  hare      round 2 failed: 7 events lost");
  CHECK(thousands(1'234'567.8) == "1,234,568");
}

TEST_CASE("the results are there as JSON and as a picture") {
  const AllResults all{{race, results}};
  const auto json = json_of(all);
  CHECK(json["scenarios"]["race"]["entrants"]["reel"]["median"]["events_per_s"] == 2'000);
  CHECK(json["scenarios"]["race"]["entrants"]["reel"]["runs"].size() == 3);
  CHECK(json["scenarios"]["race"]["goals"][0]["reached"] == true);
  CHECK(json["scenarios"]["race"]["entrants"]["reel"]["failed"].empty());
  CHECK(json["scenarios"]["race"]["entrants"]["hare"]["failed"].dump() ==
        R"([{"error":"7 events lost\nbroker:\nout of carrots","round":2}])");
  CHECK(
      json["scenarios"]["race"]["goals"][3].dump() ==
      R"({"against":"hare","entrant":"reel","figure":"events_per_s","figure_of_others":"p99_us","is":6.666666666666667})");
  CHECK(json["machine"]["cores"].get<int>() > 0);
  const std::string svg = plot(all);
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.find("tortoise") != std::string::npos);
}

TEST_CASE("every event that arrives is looked at") {
  Arriving arriving{6, 2};
  SUBCASE("in order of each key: all is well") {
    for (const std::uint64_t number : {1, 0, 3, 5, 2, 4}) arriving.see(number);
    CHECK(arriving.group().arrived == 6);
    CHECK(arriving.group().skipped == 0);
    CHECK(arriving.group().finished_ns > 0);
    CHECK(complaint_of(arriving.group(), 6) == "");
    arriving.see(4);  // after the last one
    CHECK(complaint_of(arriving.group(), 6) == "0 events lost, 0 skipped, 1 repeated");
  }
  SUBCASE("one that comes again is repeated") {
    for (const std::uint64_t number : {0, 2, 0, 2}) arriving.see(number);
    CHECK(arriving.group().arrived == 2);
    CHECK(arriving.group().repeated == 2);
  }
  SUBCASE("one that overtakes another of its key has skipped it") {
    for (const std::uint64_t number : {0, 4}) arriving.see(number);
    CHECK(arriving.group().skipped == 1);
    CHECK(arriving.group().finished_ns == 0);
    CHECK(complaint_of(arriving.group(), 6) == "4 events lost, 1 skipped, 0 repeated");
  }
}

TEST_CASE("a sample belongs to the innermost call that the table knows") {
  const auto stage = [](std::string_view part, std::vector<Call> calls, const std::string& thread = "any") {
    return std::string{stage_of(part, {.thread = thread, .calls = std::move(calls)})};
  };
  const Call reads{"reel::read_event", "reel-broker"};
  const Call judges{"reel::broker::Admission::judge_entries", "reel-broker"};
  const Call settles{"reel::broker::Dispatch::settle", "reel-broker"};
  const Call copies{"__memmove_avx512_unaligned_erms", "libc.so.6"};
  CHECK(stage("broker", {reads, judges, {"main", "reel-broker"}}) == "admit: judge, answer");
  CHECK(stage("broker", {copies, judges}) == "admit: judge, answer");
  CHECK(stage("broker", {{"XXH3_64bits_update", "libxxhash.so.0.8.1"}}) == "journal: checksum");
  SUBCASE("and the longest name that fits it says which") {
    CHECK(stage("broker", {{"reel::broker::Dispatch::offer", "reel-broker"}}) ==
          "dispatch: offer, choose, hand over");
    CHECK(stage("broker", {settles}) == "settle: acks");
  }
  SUBCASE("or to the thread, or to the library, where it knows none") {
    CHECK(stage("broker", {reads}, "journal-read") == "journal: read for who lags");
    CHECK(stage("broker", {copies}) == "other libraries, caller not seen: copies, locks, clock");
  }
  SUBCASE("or to none") {
    CHECK(stage("broker", {reads}) == "");
    CHECK(stage("weather", {judges}) == "");
  }
}

TEST_CASE("the account of a run's CPU says what each stage takes of an event") {
  const std::string_view script =
      "reel-broker 10/10 \n"
      "\t  1f4601 reel::read_event (/opt/reel/bin/reel-broker)\n"
      "\t  1120ec reel::broker::Admission::judge_entries (/opt/reel/bin/reel-broker)\n"
      "\n"
      "exe 20/20 \n"
      "\t  96ef6 reel::append_event (/opt/reel/bench/bus_bench)\n"
      "\n"
      "ZMQbg/IO/0 10/11 \n"
      "\tffffffff81 _copy_to_iter ([kernel.kallsyms])\n"
      "\tffffffff82 __x64_sys_recvfrom ([kernel.kallsyms])\n"
      "\n"
      "reel-broker 10/10 \n"
      "\t  1 reel::broker::new_thing (/opt/reel/bin/reel-broker)\n"
      "\t  2 main (/opt/reel/bin/reel-broker)\n"
      "\n"
      "somebody else 30/30 \n"
      "\t  96ef6 work (/usr/bin/else)\n";
  CpuAccount account;
  account.add(script, {{10, "broker"}, {20, "senders"}});
  CHECK(account.table({.events = 10, .sample_ns = 1'000, .clock_ghz = 2.5}) ==
        "| process | stage | ns/event | cycles at 2.50 GHz | share |\n"
        "|---|---|---|---|---|\n"
        "| **senders** | **all** | 100 | 250 | 25.0 % |\n"
        "|  | encode: ids, envelope | 100 | 250 | 25.0 % |\n"
        "| **broker** | **all** | 300 | 750 | 75.0 % |\n"
        "|  | receive: kernel | 100 | 250 | 25.0 % |\n"
        "|  | admit: judge, answer | 100 | 250 | 25.0 % |\n"
        "|  | not attributed | 100 | 250 | 25.0 % |\n"
        "\nNot attributed, samples:\n"
        "      1 broker, reel-broker: reel::broker::new_thing (reel-broker) < main (reel-broker)\n");
  SUBCASE("and that of several runs their mean") {
    account.add(script, {{10, "broker"}, {20, "senders"}});
    const std::string twice = account.table({.events = 20, .sample_ns = 1'000, .clock_ghz = 2.5});
    CHECK(line_with(twice, "receive: kernel") == "|  | receive: kernel | 100 | 250 | 25.0 % |");
  }
}

TEST_CASE("the bench runs: every scenario with Reel and zmq_proxy, on a few events") {
  TempDir dir;
  const auto json_file = (dir.path() / "results.json").string();
  Process bench{{.argv = {BUS_BENCH, "--ipc", "--rounds", "1", "--scale", "0.002", "--only",
                          "reel,reel+tracker,zmq_proxy,reel from the journal", "--json", json_file},
                 .output = dir.path() / "bench.log"}};
  const int code = bench.wait(std::chrono::minutes{4});
  INFO(bench.output());
  CHECK(code == 0);
  const auto json = nlohmann::json::parse(reel::test::read_file(json_file));
  CHECK(json["scenarios"].size() == scenarios().size());
  for (const auto& [name, scenario] : json["scenarios"].items()) {
    for (const auto& [entrant, about] : scenario["entrants"].items()) {
      if (entrant.find("reel") == std::string::npos) continue;
      INFO(name << " " << entrant);
      REQUIRE(about["runs"].size() == 1);
      CHECK(about["runs"][0]["events_per_s"].get<double>() > 0);
      CHECK(about["runs"][0].contains("cpu_broker"));
    }
  }
  CHECK(json["scenarios"]["live-128-1x4"]["entrants"]["zmq_proxy"]["runs"].size() == 1);
  CHECK(json["scenarios"]["os-128-1x1"]["entrants"]["reel+tracker"]["runs"].size() == 1);
  const auto tracked = json["scenarios"]["os-128-1x1"]["entrants"]["reel+tracker"]["median"];
  CHECK(tracked["caught_up_per_s"].get<double>() < tracked["events_per_s"].get<double>());
  CHECK(json["scenarios"]["latency-os-1k"]["entrants"]["reel"]["median"]["p99_us"].get<double>() > 0);
}
