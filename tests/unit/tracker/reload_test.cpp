// The tracker reads its file again: new versions are kept before anything is judged by them, open flows keep
// theirs or move, and what it cannot take up changes nothing.
#include <doctest/doctest.h>

#include "config/flow_text.h"
#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

std::string changes(const v1::ReloadReply& reply) {
  std::string text;
  for (const auto& change : reply.changes()) text += (text.empty() ? "" : ", ") + change;
  return text;
}

}  // namespace

TEST_CASE(
    "a reload changes what later flows are judged by, and says how many go on under the older version") {
  WatchBench bench{"a -> b within 10s"};
  bench.publishes("a", "old");
  bench.works();
  bench.redefines("a -> b within 2s");
  const auto reply = bench.reloads();
  CHECK(reply.refused() == "");
  CHECK(reply.older() == 1);
  bench.publishes("a", "new");
  bench.passes(3s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue new");
}

TEST_CASE("a dry run says what a reload would change and changes nothing") {
  WatchBench bench{"a -> b within 10s"};
  bench.works();
  bench.redefines("a -> b within 2s");
  const auto reply = bench.reloads(false, true);
  CHECK(changes(reply).ends_with(": new version"));
  bench.publishes("a", "x");
  bench.passes(3s);
  bench.works();
  CHECK(bench.published() == "");
  CHECK(changes(bench.reloads()) == changes(reply));
  CHECK(changes(bench.reloads()) == "");
}

TEST_CASE("a version taken up by a reload is known to a tracker that was killed right after") {
  WatchBench bench{"a -> b within 10s"};
  bench.works();
  bench.redefines("a -> b within 2s");
  (void)bench.reloads();
  bench.publishes("a", "x");
  bench.works();
  bench.crashes();
  bench.redefines("a -> b within 10s");
  bench.starts();
  bench.passes(3s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue x");
}

TEST_CASE("a file that cannot be used changes nothing, and what is wrong with it is the answer") {
  WatchBench bench{"a -> b within 2s"};
  bench.works();
  bench.redefines("a -> b within 10s");
  bench.broken_file = "reel.yaml:3:1: unknown key 'x'";
  CHECK(bench.reloads().refused() == "reel.yaml:3:1: unknown key 'x'");
  bench.publishes("a", "x");
  bench.passes(3s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue x");
}

TEST_CASE("what needs a restart refuses the whole reload, by name") {
  WatchBench bench{"a -> b within 2s"};
  bench.works();
  bench.redefines("a -> b within 10s");
  bench.file().tracker.listen = "tcp://127.0.0.1:1";
  CHECK(bench.reloads().refused() == "tracker.listen: needs a restart of reel-tracker");
  bench.file().tracker = {};
  bench.file().gateway.streams_max = 7;
  const auto reply = bench.reloads(false, true);
  CHECK(reply.refused() == "");
  CHECK(reply.restarts(0) == "reel-gateway: gateway");
}

TEST_CASE("open flows move where that is asked for, some hundreds a turn") {
  WatchBench bench{"a -> b within 10s"};
  for (int i = 0; i < 1'200; ++i) bench.publishes("a", "f" + std::to_string(i));
  bench.works();
  bench.stops();
  bench.starts();
  bench.works();
  bench.passes(3s);
  bench.redefines("a -> b within 2s");
  const auto reply = bench.reloads(true);
  CHECK(reply.moved() == 1'200);
  CHECK(reply.older() == 0);
  bench.works();
  CHECK(bench.summary().overdue() == 1'200);
}

TEST_CASE("a reload that nobody says to want is refused, and by whom it is has a limit") {
  WatchBench bench{"a -> b within 10s"};
  bench.redefines("a -> b within 2s");
  v1::Request request;
  const auto refused = [&] {
    std::string text;
    bench.watch().ask(request, bench.tick(), [&](v1::Reply reply) { text = reply.reload().refused(); });
    return text;
  };
  const std::string limits = "a reload says who wants it, in 1 to 256 bytes, and why in at most 1024";
  request.mutable_reload();
  CHECK(refused() == limits);
  request.mutable_reload()->set_by(std::string(257, 'a'));
  CHECK(refused() == limits);
  request.mutable_reload()->set_by("ada@host");
  CHECK(refused() == "");
}

TEST_CASE("while what a reload moved is being written deadlines are judged, and then it is told") {
  WatchBench bench{"a -> b within 10s"};
  bench.publishes("a", "x");
  bench.works();
  bench.redefines("a -> b within 2s");
  bench.disk_hangs();
  v1::Request request;
  request.mutable_reload()->set_reapply(true);
  request.mutable_reload()->set_by("ada@host");
  std::optional<v1::Reply> answer;
  bench.watch().ask(request, bench.tick(), [&](v1::Reply reply) { answer = std::move(reply); });
  bench.works();
  bench.passes(3s);
  bench.works();
  CHECK_FALSE(answer.has_value());
  CHECK(bench.published() == "reel.flow.overdue x");
  bench.disk_goes_on();
  bench.works();
  REQUIRE(answer.has_value());
  CHECK(answer->reload().moved() == 1);
}

TEST_CASE("versions that judge no flow any more are dropped when the tracker starts") {
  WatchBench bench{"a -> b within 10s"};
  const auto stored = [&] {
    bench.stops();
    std::string versions;
    Store{bench.folder()}.for_each_definition([&](DefinitionIndex number, const stored::Definition&) {
      versions += (versions.empty() ? "" : " ") + std::to_string(number);
    });
    bench.starts();
    return versions;
  };
  for (const char* span : {"20s", "30s", "40s"}) {
    if (span == std::string{"30s"}) bench.publishes("a", "kept");  // begins under the second version
    bench.works();
    bench.redefines(std::string{"a -> b within "} + span);
    (void)bench.reloads();
  }
  CHECK(stored() == "0 1 2 3");
  CHECK(stored() == "1 3");
  bench.redefines("a -> b within 50s");
  (void)bench.reloads();  // comes behind those of its name, though numbers before them are free
  CHECK(stored() == "1 3 4");
  bench.publishes("a", "new");
  bench.passes(25s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue kept");
  bench.passes(30s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue kept\nreel.flow.overdue new");
  bench.publishes("b", "kept");
  bench.publishes("b", "new");
  bench.works();
  bench.retains(config::milliseconds{60'000});
  CHECK(stored() == "1 4");
}

TEST_CASE("versions of a name are numbered in the order they came; numbers between are for other names") {
  Names names;
  DefinitionSet definitions{names};
  const auto version = [](const std::string& name, const std::string& span) {
    std::map<std::string, config::Flow> flows;
    flows[name] = flows_of("a -> b within " + span).begin()->second;
    return flows;
  };
  for (const auto& [name, flow] : version("f", "1s")) {
    stored::Definition kept;
    kept.set_name(name);
    kept.set_text(config::text_of(flow));
    definitions.add_stored(2, kept);  // 0 and 1 were left out
  }
  CHECK(definitions.set_current(version("f", "2s")) == std::vector<DefinitionIndex>{3});
  CHECK(definitions.set_current(version("g", "2s")) == std::vector<DefinitionIndex>{0});
  CHECK(definitions.current("g") == 0);  // and is in force at once
  CHECK(definitions.set_current(version("g", "3s")) == std::vector<DefinitionIndex>{1});
  CHECK(definitions.set_current(version("g", "4s")) == std::vector<DefinitionIndex>{4});
}
