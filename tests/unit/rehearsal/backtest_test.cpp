#include <doctest/doctest.h>

#include "rehearsal/comparison.h"
#include "rehearsal_bench.h"

using namespace reel::rehearsal;

namespace {

const std::string pair = "flows: {f: {expect: [{after: a, any_of: [b], within: 5s}]}}";
const std::string ended =
    "flows: {f: {start: a, expect: [{after: a, any_of: [b, e], within: 60s}], end: [e], within: 60s}}";

}  // namespace

TEST_CASE("each arming is counted by what became of it") {
  BacktestBench bench{pair};
  bench.reads(event_line("00", "a", "met") + event_line("00", "a", "late") + event_line("00", "a", "never") +
              event_line("05", "b", "met") + event_line("09", "b", "late") + event_line("09", "a", "open"));
  CHECK(bench.counts() == "a -> b 5s: armed 4, met 1, met_late 1, overdue 1, open 1");
  CHECK(bench.definition() == "f: 4 flows, 2 completed, 2 violated");
}

TEST_CASE("an event at exactly the deadline is in time, before and behind others of the same time") {
  BacktestBench bench{pair};
  bench.reads(event_line("00", "a", "1") + event_line("00", "a", "2") + event_line("05", "b", "1") +
              event_line("05", "x", "3") + event_line("05", "b", "2"));
  CHECK(bench.counts() == "a -> b 5s: armed 2, met 2");
}

TEST_CASE("what is due at the time of the last event is overdue") {
  BacktestBench bench{pair};
  bench.reads(event_line("00", "a", "1") + event_line("05", "x", "2"));
  CHECK(bench.counts() == "a -> b 5s: armed 1, overdue 1");
}

TEST_CASE("an event of no flow moves time") {
  BacktestBench bench{pair};
  bench.reads(event_line("00", "a", "1") + event_line("06", "x", ""));
  CHECK(bench.counts() == "a -> b 5s: armed 1, overdue 1");
}

TEST_CASE("what a person waived then is waived, where it is overdue by these definitions") {
  const std::string waived =
      R"({"type":"reel.flow.waived","source":"reel-tracker","correlationid":"1","time":"2026-03-01T10:00:08Z",)"
      R"("data":{"correlationid":"1","by":"ada"}})"
      "\n";
  BacktestBench bench{pair};
  bench.reads(event_line("00", "a", "1") + event_line("00", "a", "2") + waived + event_line("09", "b", "1"));
  CHECK(bench.counts() == "a -> b 5s: armed 2, overdue 1, waived 1");
  BacktestBench slower{"flows: {f: {expect: [{after: a, any_of: [b], within: 9s}]}}"};
  slower.reads(event_line("00", "a", "1") + waived);
  CHECK(slower.counts() == "a -> b 9s: armed 1, open 1");
}

TEST_CASE("the end cancels, and the deadline of the whole flow has a row of its own, as the file has it") {
  BacktestBench bench{
      "flows: {f: {start: a, expect: [{after: a, any_of: [b], within: 5s}, {after: a, any_of: [e], within: "
      "9s}], "
      "end: [e], within: 60s}}"};
  bench.reads(event_line("00", "a", "1") + event_line("02", "e", "1"));
  CHECK(bench.counts() ==
        "a -> b 5s: armed 1, cancelled 1\n"
        "a -> e 9s: armed 1, met 1\n"
        "a -> whole flow, until e 60s: armed 1, met 1");
}

TEST_CASE("lines without an id are all different, and those with the same one are one event") {
  BacktestBench bench{pair};
  const std::string twice = R"({"type":"a","id":"7","correlationid":"2","time":"2026-03-01T10:00:00Z"})"
                            "\n";
  bench.reads(event_line("00", "a", "1") + event_line("00", "a", "1") + twice + twice);
  CHECK(bench.counts() == "a -> b 5s: armed 3, open 3");
}

TEST_CASE("the JSON has the counts by their names") {
  BacktestBench bench{ended};
  bench.reads(event_line("00", "a", "1"));
  CHECK(bench.json()["expectations"].dump() ==
        R"([{"definition":"f","after":"a","expect":["b","e"],"within":"60s","armed":1,"met":0,"met_late":0,)"
        R"("overdue":0,"open":1,"cancelled":0},)"
        R"({"definition":"f","after":"a","expect":["e"],"within":"60s","whole_flow":true,"armed":1,"met":0,)"
        R"("met_late":0,"overdue":0,"open":1,"cancelled":0}])");
  CHECK(bench.json()["definitions"].dump() == R"([{"name":"f","flows":1,"completed":0,"violated":0}])");
}

TEST_CASE("an empty history arms nothing") {
  BacktestBench bench{pair};
  bench.reads("");
  CHECK(bench.counts() == "a -> b 5s: armed 0");
}

TEST_CASE("a changed definition is compared by the flows it flags") {
  const std::string history = event_line("00", "a", "fast") + event_line("00", "a", "slow") +
                              event_line("03", "b", "fast") + event_line("06", "b", "slow");
  BacktestBench before{pair};
  BacktestBench after{"flows: {f: {expect: [{after: a, any_of: [b], within: 2s}]}}"};
  before.reads(history);
  after.reads(history);
  const Comparison stricter = compare(before.rehearsal(), after.rehearsal());
  REQUIRE(stricter.newly.size() == 1);
  CHECK(stricter.newly[0].flows == std::vector<std::string>{"fast"});
  CHECK(stricter.newly[0].expectation.within == "2s");
  CHECK(stricter.no_longer.empty());
  const Comparison looser = compare(after.rehearsal(), before.rehearsal());
  CHECK(looser.newly.empty());
  REQUIRE(looser.no_longer.size() == 1);
  CHECK(looser.no_longer[0].flows == std::vector<std::string>{"fast"});
}

TEST_CASE("what definitions ask of the envelope is what it was on the bus") {
  BacktestBench bench{
      "topics: {a: {type: x.A}, b: {type: x.B}}\n"
      "flows:\n"
      "  f:\n"
      "    expect:\n"
      "      - {after: a, any_of: [b], within: 5s, when: {time: [{prefix: '2026-03-01T09:59:5'}]}}\n"
      "      - {after: a, any_of: [b], within: 6s, when: {channel: [web], priority: ['5'], vip: ['true']}}\n"
      "      - {after: a, any_of: [b], within: 7s, when: {dataschema: [x.A], data: {n: [1]}}}\n"
      "      - {after: a, any_of: [b], within: 8s, when: {datacontenttype: [application/protobuf]}}\n"
      "      - {after: a, any_of: [b], within: 9s, when: {time: [{exists: false}]}}\n"
      "      - {after: a, any_of: [b], within: 10s, when: {channel: [{exists: true}]}, where: {channel: "
      "channel}}\n"};
  bench.reads(
      R"({"type":"a","correlationid":"x","recordedtime":"2026-03-01T10:00:00Z","time":"2026-03-01T09:59:59Z",)"
      R"("channel":"w\u0065b","priority":5,"vip":true,"datacontenttype":"application/json","data":{"n":1}})"
      "\n"
      R"({"type":"a","correlationid":"y","recordedtime":"2026-03-01T10:00:01Z","reeloffset":7})"
      "\n"
      R"({"type":"a","correlationid":"z","recordedtime":"2026-03-01T10:00:02Z","reelreplayed":true})"
      "\n"
      R"({"type":"b","correlationid":"x","recordedtime":"2026-03-01T10:00:02Z","channel":"phone"})"
      "\n");
  CHECK(bench.counts() ==
        "a -> b 5s: armed 1, met 1\n"
        "a -> b 6s: armed 1, met 1\n"
        "a -> b 7s: armed 1, met 1\n"
        "a -> b 8s: armed 2, met 1, open 1\n"
        "a -> b 9s: armed 1, open 1\n"
        "a -> b 10s: armed 1, open 1");
}
