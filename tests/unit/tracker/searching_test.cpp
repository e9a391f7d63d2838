#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <sstream>

#include "search/expression.h"
#include "search/spans.h"
#include "tracker/flow_scan.h"
#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

const std::string two_definitions =
    "flow goods\na -> b within 5s by stock\n"
    "flow money end paid\nbilled -> paid within 1h by accounting";

v1::FlowWhere where(const std::string& text) {
  const auto [query, error] = search::parse_expression("x", text);
  REQUIRE_MESSAGE(query, error);
  return query->where;
}

/// The correlation ids that a condition means, newest first; "?" behind those that payloads decide.
std::string found(WatchBench& bench, const v1::FlowWhere& condition, std::uint32_t limit = 1'000) {
  std::string text;
  std::string after;
  do {
    v1::Request request;
    auto& ask = *request.mutable_flows();
    *ask.mutable_where() = condition;
    ask.set_limit(limit);
    ask.set_after(after);
    ask.set_brief(true);
    const auto reply = bench.asks(request);
    if (!reply.error().empty()) return reply.error();
    std::set<std::uint32_t> open;
    for (const auto& row : reply.flows().undecided()) open.insert(row.row());
    for (int i = 0; i < reply.flows().flows_size(); ++i) {
      text += (text.empty() ? "" : " ") + reply.flows().flows(i).correlationid();
      if (open.contains(static_cast<std::uint32_t>(i))) text += "?";
    }
    after = reply.flows().next();
  } while (!after.empty());
  return text;
}
std::string found(WatchBench& bench, const std::string& text) {
  return found(bench, where(text));
}

void happens(WatchBench& bench, const std::string& topic, const std::string& flow, const std::string& id,
             const std::string& cause = {}, const std::string& source = "svc/1") {
  bench.bus.append({.log_time = 0,
                    .source = source,
                    .topic = topic,
                    .id = id,
                    .correlationid = flow,
                    .causationid = cause,
                    .data = ""});
}

v1::VariantsReply variants(WatchBench& bench, const std::string& condition = {}) {
  v1::Request request;
  auto& ask = *request.mutable_variants()->mutable_flows();
  if (!condition.empty()) *ask.mutable_where() = where(condition);
  const auto reply = bench.asks(request);
  CHECK(reply.error() == "");
  return reply.variants();
}

/// "2 a b×3 c, the newest 7" a line.
std::string text_of(const v1::VariantsReply& reply) {
  std::string text;
  for (const auto& row : reply.variants()) {
    text += std::to_string(row.count()) + ":";
    for (int i = 0; i < row.topics_size(); ++i) {
      text += " " + reply.topics(static_cast<int>(row.topics(i)));
      if (row.times(i) > 1) text += "*" + std::to_string(row.times(i));
    }
    text += (row.cut() ? " …" : "") + std::string{", overdue "} + std::to_string(row.overdue()) + ", as " +
            row.example() + "\n";
  }
  return text;
}

std::string edges(WatchBench& bench, bool observed = false) {
  v1::Request request;
  request.mutable_edges()->set_observed(observed);
  const auto reply = bench.asks(request);
  CHECK(reply.error() == "");
  std::string text;
  for (const auto& row : reply.edges().edges()) {
    text += row.definition() + " " + row.after() + " ->";
    for (const auto& topic : row.expected()) text += " " + topic;
    text += ": " + std::to_string(row.count()) + " came " + std::to_string(row.came()) + " late " +
            std::to_string(row.late()) + " overdue " + std::to_string(row.overdue());
    const auto times = search::Spans::read(row.times());
    // To tenths of a second: quantiles are up to 0.8 % off.
    text += " p50 " + std::to_string(times.quantile(0.5) / 100'000'000) + "00ms\n";
  }
  return text;
}

}  // namespace

TEST_CASE("each attribute of a flow can be asked for") {
  WatchBench bench{two_definitions};
  happens(bench, "a", "1", "a1", "", "orders/7");
  bench.passes(6s);
  happens(bench, "a", "2", "a2", "", "orders/8");
  happens(bench, "b", "2", "b2", "a2", "stock/1");
  happens(bench, "billed", "3", "i3", "", "billing/1");
  happens(bench, "noise", "4", "n4", "", "noise");
  bench.passes(1s);
  happens(bench, "b", "5", "b5", "", "stock/1");
  happens(bench, "a", "5", "a5", "b5", "stock/1");
  bench.passes(6s);
  happens(bench, "b", "5", "c5", "a5", "stock/1");
  bench.works();

  CHECK(found(bench, "state == overdue") == "1");
  CHECK(found(bench, "state in (open, untracked)") == "4 3");
  CHECK(found(bench, "state != completed") == "4 3 1");
  CHECK(found(bench, "definition == goods") == "5 2 1");
  CHECK(found(bench, "definition like '*o*' and not definition == goods") == "3");
  CHECK(found(bench, "definition") == "5 3 2 1");
  CHECK(found(bench, "owner == accounting") == "3");
  CHECK(found(bench, "owner") == "3 1");
  CHECK(found(bench, "missing == b") == "1");
}

TEST_CASE("topics, services, sources and ids of a flow's events can be asked for") {
  WatchBench bench{two_definitions};
  happens(bench, "order.placed", "1", "0190b3c4-89ab-7cde-8123-456789abcdef", "", "orders/7");
  happens(bench, "order.paid", "1", "p1", "", "bank/1");
  happens(bench, "stock.taken", "2", "t2", "", "stock");
  bench.works();
  CHECK(found(bench, "topic == order.paid") == "1");
  CHECK(found(bench, "topic == order.*") == "1");
  CHECK(found(bench, "topic == '>'") == "2 1");
  CHECK(found(bench, "topic like '*a*'") == "2 1");
  CHECK(found(bench, "not topic == order.>") == "2");
  CHECK(found(bench, "first == order.placed and last == order.paid") == "1");
  CHECK(found(bench, "service == bank or service == stock") == "2 1");
  CHECK(found(bench, "source == 'orders/7'") == "1");
  CHECK(found(bench, "id == '0190b3c4-89ab-7cde-8123-456789abcdef'") == "1");
  CHECK(found(bench, "id like 't*'") == "2");
  CHECK(found(bench, "flow == 2 or flow like '1*'") == "2 1");
  CHECK(found(bench, "events == 2") == "1");
}

TEST_CASE("times are told by the tracker's own now") {
  WatchBench bench{two_definitions};
  happens(bench, "a", "1", "a1");
  bench.passes(6s);
  happens(bench, "b", "1", "b1");
  happens(bench, "a", "2", "a2");
  bench.passes(65s);
  happens(bench, "noise", "3", "n3");
  bench.passes(1s);
  bench.works();
  CHECK(found(bench, "late") == "1");
  CHECK(found(bench, "overdue") == "2");
  CHECK(found(bench, "overdue >= 1m") == "2");
  CHECK(found(bench, "overdue >= 62s") == "");
  CHECK(found(bench, "age <= 2s") == "3");
  CHECK(found(bench, "age > 2s") == "2 1");
  CHECK(found(bench, "age > 70s") == "1");
  CHECK(found(bench, "duration >= 6s") == "1");
  CHECK(found(bench, "idle > 1m") == "2 1");
  CHECK(found(bench, "began < 2023-11-14T22:13:21Z") == "1");
  CHECK(found(bench, "began == 2023-11-14T22:13:20Z") == "1");
  CHECK(found(bench, "began > 2023-11-14T22:13:20Z and age > 2s") == "2");
  CHECK(found(bench, "age < 1ms or age > 70s") == "1");
}

TEST_CASE("what only payloads can say loses no flow, and no is said only where no event could say yes") {
  WatchBench bench{two_definitions};
  happens(bench, "order.placed", "1", "p1");
  happens(bench, "order.paid", "1", "q1");
  happens(bench, "order.placed", "1", "r1");
  happens(bench, "stock.taken", "2", "t2");
  happens(bench, "billed", "3", "i3");
  bench.works();
  CHECK(found(bench, "data.x == 1") == "3? 2? 1?");
  CHECK(found(bench, "not data.x == 1") == "3? 2? 1?");
  CHECK(found(bench, "order.placed[data.x == 1]") == "1?");
  CHECK(found(bench, "not order.placed[data.x == 1]") == "3 2 1?");
  CHECK(found(bench, "order.*[data.x] or flow == 2") == "2 1?");
  CHECK(found(bench, "data.x == 1 and definition == money") == "3?");

  v1::Request request;
  auto& ask = *request.mutable_flows();
  *ask.mutable_where() = where("definition == money or order.placed[data.x == 1] and events == 3");
  const auto reply = bench.asks(request).flows();
  REQUIRE(reply.undecided_size() == 1);
  CHECK(reply.undecided(0).ShortDebugString() == "row: 1 holds: 4 unknown: 2 offsets: 1 offsets: 3");
}

TEST_CASE("a walk is cut into slices, and every flow is looked at once") {
  WatchBench bench{two_definitions};
  bench.bus.batch_events = 1'000;
  constexpr int flows = 2 * static_cast<int>(scan_flows_max) + 500;
  for (int i = 0; i < flows; ++i)
    happens(bench, i % 1'000 == 7 ? "rare" : "noise", std::to_string(i), "n" + std::to_string(i));
  bench.works();
  CHECK(found(bench, "topic == rare") == "4007 3007 2007 1007 7");
  CHECK(found(bench, where("topic == rare"), 2) == "4007 3007 2007 1007 7");

  v1::Request request;
  auto& ask = *request.mutable_variants()->mutable_flows();
  std::uint64_t counted = 0;
  int slices = 0;
  do {
    const auto reply = bench.asks(request).variants();
    for (const auto& row : reply.variants()) counted += row.count();
    CHECK(reply.looked_at() <= scan_flows_max);
    ask.set_after(reply.next());
    ++slices;
  } while (!ask.after().empty());
  CHECK(counted == flows);
  CHECK(slices == 3);
}

TEST_CASE("flows can be named, and hostile questions get a sentence") {
  WatchBench bench{two_definitions};
  for (const char* flow : {"1", "2", "3"}) happens(bench, "a", flow, std::string{"a"} + flow);
  bench.works();
  v1::Request request;
  auto& ask = *request.mutable_flows();
  for (const char* id : {"3", "nobody", "1"}) ask.add_correlationids(id);
  auto reply = bench.asks(request);
  REQUIRE(reply.flows().flows_size() == 2);
  CHECK(reply.flows().flows(0).correlationid() == "3");
  CHECK(reply.flows().flows(0).definitions(0) == "goods");

  for (int i = 0; i < 1'000; ++i) ask.add_correlationids("x");
  CHECK(bench.asks(request).error() == "one question names at most 1000 flows, this one 1003");
  ask.clear_correlationids();
  ask.mutable_where()->add_nodes()->set_op(v1::FlowWhere::OPERATOR_AND);
  CHECK(bench.asks(request).error() == "a condition's operator has nothing to work on");
  *request.mutable_edges()->mutable_flows()->mutable_where() = where("data.x == 1");
  CHECK(bench.asks(request).error() ==
        "what payloads say is not known to the tracker: find the flows first, and name them");
  request.mutable_variants()->mutable_flows()->set_after("nonsense");
  CHECK(bench.asks(request).error() == "'nonsense' is not the `next` of a page of flows");
}

TEST_CASE("flows are counted by their paths: parallel branches in any order are one, repeats are folded") {
  WatchBench bench{two_definitions};
  happens(bench, "placed", "1", "1a");
  happens(bench, "stock", "1", "1b", "1a");
  happens(bench, "bill", "1", "1c", "1a");
  happens(bench, "sent", "1", "1d", "1b");
  happens(bench, "placed", "2", "2a");
  happens(bench, "bill", "2", "2c", "2a");
  happens(bench, "stock", "2", "2b", "2a");
  happens(bench, "sent", "2", "2d", "2b");
  CHECK((bench.works(), text_of(variants(bench))) == "2: placed bill stock sent, overdue 0, as 2\n");

  // From outside: behind everything before it.
  happens(bench, "placed", "3", "3a");
  happens(bench, "bill", "3", "3b", "3a");
  happens(bench, "cancelled", "3", "3c");
  for (int i = 0; i < 9; ++i) happens(bench, "packed", "4", "4" + std::to_string(i), "40");
  happens(bench, "a", "5", "5a");
  bench.passes(6s);
  bench.works();
  CHECK(text_of(variants(bench)) ==
        "1: a, overdue 1, as 5\n"
        "2: placed bill stock sent, overdue 0, as 2\n"
        "1: placed bill cancelled, overdue 0, as 3\n"
        "1: packed*9, overdue 0, as 4\n");
  CHECK(text_of(variants(bench, "flow == 5")) == "1: a, overdue 1, as 5\n");
}

TEST_CASE("a path longer than is told apart is cut") {
  WatchBench bench{two_definitions};
  bench.bus.batch_events = 1'000;
  for (int i = 0; i < 202; ++i)
    happens(bench, i % 2 == 0 ? "x" : "y", "1", std::to_string(i), std::to_string(i - 1));
  bench.works();
  const auto reply = variants(bench);
  REQUIRE(reply.variants_size() == 1);
  CHECK(reply.variants(0).topics_size() == 100);
  CHECK(reply.variants(0).cut());
}

TEST_CASE("edges are expectations, and cause and effect where no definition applies") {
  WatchBench bench{two_definitions};
  happens(bench, "a", "1", "1a");
  happens(bench, "a", "2", "2a");
  bench.passes(2s);
  happens(bench, "b", "1", "1b", "1a");
  bench.passes(8s);
  happens(bench, "b", "2", "2b", "2a");
  happens(bench, "a", "3", "3a");
  happens(bench, "x", "4", "4x");
  bench.passes(1s);
  happens(bench, "y", "4", "4y", "4x");
  bench.passes(6s);
  bench.works();
  CHECK(edges(bench) ==
        " x -> y: 1 came 1 late 0 overdue 0 p50 1000ms\n"
        "goods a -> b: 3 came 2 late 1 overdue 1 p50 2000ms\n");
  CHECK(edges(bench, true) ==
        " a -> b: 2 came 2 late 0 overdue 0 p50 2000ms\n"
        " x -> y: 1 came 1 late 0 overdue 0 p50 1000ms\n"
        "goods a -> b: 3 came 2 late 1 overdue 1 p50 2000ms\n");
}

namespace {

struct NaiveFlow {
  std::string id;
  std::uint64_t began = 0;
  std::uint64_t last = 0;
  std::vector<std::string> topics;
};

/// One test as text, and what it says of a flow.
struct NaiveTest {
  std::string text;
  std::function<bool(const NaiveFlow&)> holds;
};

std::vector<NaiveTest> naive_tests(std::uint64_t watermark) {
  const auto has = [](const NaiveFlow& flow, const std::string& topic) {
    return std::find(flow.topics.begin(), flow.topics.end(), topic) != flow.topics.end();
  };
  std::vector<NaiveTest> tests{
      {"topic == a", [has](const auto& flow) { return has(flow, "a"); }},
      {"topic in (a, x)", [has](const auto& flow) { return has(flow, "a") || has(flow, "x"); }},
      {"topic == x.*", [has](const auto& flow) { return has(flow, "x.y"); }},
      {"first == x", [](const auto& flow) { return flow.topics.front() == "x"; }},
      {"definition", [has](const auto& flow) { return has(flow, "a"); }},
      {"state == untracked", [has](const auto& flow) { return !has(flow, "a"); }},
      {"state != untracked", [has](const auto& flow) { return has(flow, "a"); }},
      {"events >= 3", [](const auto& flow) { return flow.topics.size() >= 3; }},
      {"flow like '*1'", [](const auto& flow) { return flow.id.ends_with('1'); }},
  };
  for (const std::uint64_t s : {0, 1, 2, 5}) {
    const std::uint64_t span = s * 1'000'000'000;
    const std::string text = std::to_string(s) + "s";
    tests.push_back({"age < " + text, [=](const auto& flow) { return watermark - flow.began < span; }});
    tests.push_back({"age == " + text, [=](const auto& flow) { return watermark - flow.began == span; }});
    tests.push_back({"age > " + text, [=](const auto& flow) { return watermark - flow.began > span; }});
    tests.push_back({"idle >= " + text, [=](const auto& flow) { return watermark - flow.last >= span; }});
    tests.push_back(
        {"duration <= " + text, [=](const auto& flow) { return flow.last - flow.began <= span; }});
  }
  return tests;
}

}  // namespace

TEST_CASE("any condition finds the flows that a look at each of them finds") {
  WatchBench bench{two_definitions};
  std::vector<NaiveFlow> flows;
  std::mt19937 chance{7};
  const auto any = [&](int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); };
  for (int i = 0; i < 150; ++i) {
    const std::string id = std::to_string(any(60));
    const std::string topic =
        std::vector<std::string>{"a", "x", "x.y", "z"}[static_cast<std::size_t>(any(4))];
    const std::uint64_t at = bench.bus.now;
    happens(bench, topic, id, "e" + std::to_string(i));
    auto flow = std::find_if(flows.begin(), flows.end(), [&](const auto& each) { return each.id == id; });
    if (flow == flows.end()) flow = flows.insert(flows.end(), {id, at, at, {}});
    flow->last = at;
    flow->topics.push_back(topic);
    bench.passes(std::chrono::milliseconds{any(3) == 0 ? 0 : 50});
  }
  bench.works();
  const auto tests = naive_tests(bench.watch().tracker().watermark());
  CHECK(rc::check([&] {
    const auto one = [&] { return tests[*rc::gen::inRange<std::size_t>(0, tests.size())]; };
    const NaiveTest a = one(), b = one(), c = one();
    const bool alternative = *rc::gen::arbitrary<bool>();
    const std::string text = "(" + a.text + (alternative ? " or " : " and ") + b.text + ") and not " + c.text;
    std::set<std::string> expected;
    for (const NaiveFlow& flow : flows) {
      const bool first = alternative ? a.holds(flow) || b.holds(flow) : a.holds(flow) && b.holds(flow);
      if (first && !c.holds(flow)) expected.insert(flow.id);
    }
    const std::string told = found(bench, text);
    std::istringstream words{told};
    const std::set<std::string> ids{std::istream_iterator<std::string>{words}, {}};
    RC_LOG() << text << " found " << told;
    RC_ASSERT(ids == expected);
  }));
}

TEST_CASE("pages go on behind each of two flows that have one correlation id") {
  WatchBench bench{""};
  bench.stops();
  bench.redefines(flows_of_yaml("  beat: {expect: [{every: 10s, any_of: [a]}]}\n"));
  bench.starts();
  for (const char* flow : {"one", "beat", "two"}) bench.publishes("c", flow);
  bench.publishes("a", "three");  // its value's flow is `beat`, too
  bench.works();
  v1::Request ask;
  ask.mutable_flows()->set_limit(1);
  std::string found;
  for (int pages = 0; pages < 9; ++pages) {
    const v1::Reply reply = bench.asks(ask);
    REQUIRE(reply.error() == "");
    for (const auto& flow : reply.flows().flows()) found += flow.correlationid() + " ";
    if (reply.flows().next().empty()) break;
    ask.mutable_flows()->set_after(reply.flows().next());
  }
  CHECK(found == "three beat two beat one ");
}
