#include "cli/search/payload_round.h"

#include <doctest/doctest.h>
#include <google/protobuf/struct.pb.h>

using namespace reel;
using namespace reel::cli;
using search::Truth;

namespace {

v1::FlowsReply::Undecided undecided(std::uint64_t holds, std::uint64_t unknown,
                                    std::initializer_list<std::uint64_t> offsets) {
  v1::FlowsReply::Undecided flow;
  flow.set_holds(holds);
  flow.set_unknown(unknown);
  for (const std::uint64_t offset : offsets) flow.add_offsets(offset);
  return flow;
}

class RoundBench {
 public:
  explicit RoundBench(const std::string& condition)
      : query_{*search::parse_expression("x", condition).query}, round{query_} {}

  /// An event whose payload is {"x": x}; of a type that nobody knows where `type` is another.
  void sees(std::uint64_t offset, const std::string& topic, double x,
            const std::string& type = "google.protobuf.Struct") {
    google::protobuf::Struct json;
    (*json.mutable_fields())["x"].set_number_value(x);
    const std::string data = json.SerializeAsString();
    EventView event;
    event.data = data;
    const RunHead head{.source = "s", .topic = topic, .dataschema = type};
    JudgedEvent judged{head, event, parser_};
    round.see(offset, topic, judged);
  }
  std::string outcomes() const {
    std::string text;
    for (std::size_t i = 0; i < round.size(); ++i) text += "n?y"[static_cast<int>(round.outcome(i))];
    return text;
  }

 private:
  search::FlowQuery query_;
  PayloadParser parser_;

 public:
  PayloadRound round;
};

}  // namespace

TEST_CASE("a flow matches once one of its events does, and does not once none of them did") {
  RoundBench bench{"data.x == 1"};
  bench.round.add(undecided(0, 1, {5, 7}));
  bench.round.add(undecided(0, 1, {6}));
  bench.round.add_certain();
  CHECK(bench.outcomes() == "??y");
  bench.sees(5, "a", 1);
  CHECK(bench.outcomes() == "y?y");
  bench.sees(6, "a", 2);
  CHECK(bench.outcomes() == "yny");
  bench.sees(7, "a", 2);
  bench.sees(8, "a", 1);  // nobody's
  CHECK(bench.outcomes() == "yny");
}

TEST_CASE("what the tracker knew counts, and terms ask only events of their topics") {
  RoundBench bench{"late and (a.b[data.x > 1] or not c[data.x > 1])"};
  bench.round.add(undecided(1, 6, {1, 2}));
  bench.round.add(undecided(1, 2, {3}));
  bench.sees(1, "c", 5);
  bench.sees(2, "a.b", 1);
  bench.sees(3, "a.b", 1);
  CHECK(bench.outcomes() == "ny");
}

TEST_CASE("a flow is not judged by events that could not be read, unless the others decide") {
  RoundBench bench{"data.x == 1"};
  bench.round.add(undecided(0, 1, {1, 2}));
  bench.round.add(undecided(0, 1, {3, 4}));
  bench.round.add(undecided(0, 1, {5, 6}));
  bench.sees(1, "a", 2, "shop.v9.Unknown");
  bench.sees(2, "a", 2);
  bench.sees(3, "a", 2, "shop.v9.Unknown");
  bench.sees(4, "a", 1);
  bench.sees(5, "a", 2);  // the other one is gone
  CHECK(bench.outcomes() == "?y?");
}

TEST_CASE("the journal is read where the events lie, and far gaps are skipped") {
  RoundBench bench{"data.x == 1"};
  bench.round.add(undecided(0, 1, {10, 5}));
  bench.round.add(undecided(0, 1, {50'000 + 10, 200'000}));
  std::string text;
  for (const Stretch& stretch : bench.round.stretches())
    text += std::to_string(stretch.begin) + "-" + std::to_string(stretch.end) + " ";
  CHECK(text == "5-50011 200000-200001 ");
}
