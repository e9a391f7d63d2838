#include "ledger/ledger.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace reel;
using namespace reel::broker;

namespace {

std::string text(const std::vector<v1::OffsetRange>& ranges) {
  std::string all;
  for (const v1::OffsetRange& range : ranges) {
    all += (all.empty() ? "" : " ") + std::to_string(range.first());
    if (range.count() != 1) all += "-" + std::to_string(range.first() + range.count() - 1);
  }
  return all;
}

class LedgerBench {
 public:
  void reported(const std::string& service, const Settlement& settlement) {
    const auto report = report_of(service, "one", settlement);
    REQUIRE(report.has_value());
    REQUIRE(ledger.apply({"reel.delivery", report->SerializeAsString()}));
  }
  void acked(const std::string& service, Offset first, std::uint32_t count = 1) {
    Settlement settlement;
    settlement.acked.emplace_back();
    settlement.acked[0].set_first(first);
    settlement.acked[0].set_count(count);
    reported(service, settlement);
  }
  void failed(const std::string& service, Offset offset, v1::Ending ending, std::uint32_t attempt = 1,
              std::uint64_t key_hash = 0) {
    Settlement settlement;
    v1::Failure& failure = settlement.failures.emplace_back();
    failure.set_offset(offset);
    failure.set_ending(ending);
    failure.set_attempt(attempt);
    failure.set_error("Oops");
    failure.set_key_hash(key_hash);
    reported(service, settlement);
  }
  void subscribed(const std::string& service, const std::map<std::string, Offset>& patterns) {
    v1::SubscriptionChanged change;
    change.set_service(service);
    for (const auto& [pattern, from] : patterns) {
      change.add_patterns()->set_pattern(pattern);
      change.mutable_patterns(change.patterns_size() - 1)->set_from_offset(from);
    }
    REQUIRE(ledger.apply({"reel.subscription", change.SerializeAsString()}));
  }
  void restarts_from_snapshot() {
    v1::Snapshot snapshot;
    ledger.save(snapshot);
    ledger.load(snapshot);
    v1::Snapshot again;
    ledger.save(again);
    CHECK(again.SerializeAsString() == snapshot.SerializeAsString());
  }

  /// "floor 3, settled 5-6 9, retrying 4 (attempt 2), dead 9".
  std::string state(const std::string& service) const {
    const ServiceRecord* record = ledger.find(service);
    if (record == nullptr) return "unknown";
    std::string all = "floor " + std::to_string(record->floor);
    if (!record->settled.empty()) all += ", settled " + text(record->settled.ranges());
    if (!record->retrying.empty()) all += ", retrying";
    for (const auto& [offset, failure] : record->retrying) {
      all += " " + std::to_string(offset) + " (attempt " + std::to_string(failure.attempt()) + ")";
    }
    if (!record->dead.empty()) all += ", dead";
    for (const auto& [offset, failure] : record->dead) all += " " + std::to_string(offset);
    return all;
  }
  bool wants(const std::string& service, const std::string& topic, Offset offset) const {
    return ledger.find(service)->wants(topic, offset);
  }

  Ledger ledger;
};

}  // namespace

TEST_CASE("a report settles, fails and buries") {
  LedgerBench bench;
  CHECK(bench.state("shop") == "unknown");
  bench.acked("shop", 5, 2);
  bench.failed("shop", 3, v1::ENDING_NACKED, 1);
  bench.failed("shop", 4, v1::ENDING_TIMED_OUT, 2);
  bench.failed("shop", 7, v1::ENDING_DEAD, 8);
  CHECK(bench.state("shop") == "floor 0, settled 5-7, retrying 3 (attempt 1) 4 (attempt 2), dead 7");
  CHECK(bench.ledger.find("shop")->acked == 2);
  CHECK(bench.ledger.find("shop")->nacked == 3);
  CHECK(bench.ledger.find("shop")->is_settled(7));

  SUBCASE("what is acked after all waits no more") {
    bench.acked("shop", 3);
    bench.failed("shop", 4, v1::ENDING_DEAD, 3);
    CHECK(bench.state("shop") == "floor 0, settled 3-7, dead 4 7");
  }
  SUBCASE("the floor swallows what is settled below it, dead letters stay") {
    bench.ledger.raise_floor("shop", 6);
    CHECK(bench.state("shop") == "floor 6, settled 6-7, dead 7");
    CHECK(bench.ledger.find("shop")->is_settled(1));
    bench.ledger.raise_floor("shop", 8);
    bench.ledger.raise_floor("shop", 2);
    CHECK(bench.state("shop") == "floor 8, dead 7");
    bench.acked("shop", 3, 6);
    CHECK(bench.state("shop") == "floor 8, settled 8, dead 7");
    bench.failed("shop", 5, v1::ENDING_DEAD);
    CHECK(bench.state("shop") == "floor 8, settled 8, dead 5 7");
  }
  SUBCASE("dead letters go with the journal's events") {
    bench.ledger.forget_dead_below(8);
    CHECK(bench.state("shop") == "floor 0, settled 5-7, retrying 3 (attempt 1) 4 (attempt 2)");
  }
  SUBCASE("a snapshot brings it back") {
    const std::string before = bench.state("shop");
    bench.restarts_from_snapshot();
    CHECK(bench.state("shop") == before);
  }
}

TEST_CASE("a service begins where its patterns do") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 100}, {"payment.>", 50}});
  CHECK(bench.state("shop") == "floor 50");
  CHECK(bench.wants("shop", "payment.captured", 50));
  CHECK_FALSE(bench.wants("shop", "payment.captured", 49));
  CHECK_FALSE(bench.wants("shop", "order.placed", 99));
  CHECK(bench.wants("shop", "order.placed", 100));
  CHECK_FALSE(bench.wants("shop", "stock.reserved", 200));
}

TEST_CASE("a pattern from further back lowers the floor, but repeats nothing of the others") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 10}});
  bench.ledger.raise_floor("shop", 100);
  bench.acked("shop", 105);
  bench.subscribed("shop", {{"order.*", 10}, {"payment.>", 1}});
  CHECK(bench.state("shop") == "floor 1, settled 105");
  CHECK(bench.wants("shop", "payment.captured", 1));
  CHECK_FALSE(bench.wants("shop", "order.placed", 99));
  CHECK(bench.wants("shop", "order.placed", 100));

  SUBCASE("one that begins later does not") {
    bench.ledger.raise_floor("shop", 50);
    bench.subscribed("shop", {{"order.*", 10}, {"payment.>", 1}, {"stock.*", 70}});
    CHECK(bench.state("shop") == "floor 50, settled 105");
  }
}

TEST_CASE("a service that wanted nothing begins where its next patterns do") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 10}});
  bench.failed("shop", 20, v1::ENDING_NACKED);
  bench.subscribed("shop", {});
  CHECK_FALSE(bench.wants("shop", "order.placed", 20));
  bench.subscribed("shop", {{"order.*", 200}});
  CHECK(bench.state("shop") == "floor 200");
}

TEST_CASE("what is not the topic's message changes nothing") {
  LedgerBench bench;
  CHECK_FALSE(bench.ledger.apply({"reel.delivery", "\xff\xff"}));
  CHECK_FALSE(bench.ledger.apply({"reel.subscription", "\x0a\x05x"}));
  CHECK_FALSE(bench.ledger.apply({"reel.flow.overdue", ""}));
  CHECK(bench.ledger.services().empty());
}

TEST_CASE("a key is said to be let go when its last letter is forgotten, and only then") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 1}});
  bench.failed("shop", 3, v1::ENDING_DEAD, 1, 77);
  bench.failed("shop", 4, v1::ENDING_DEAD, 1, 88);
  bench.failed("shop", 9, v1::ENDING_DEAD, 1, 77);
  CHECK(bench.ledger.forget_dead_below(3).empty());
  const auto one = bench.ledger.forget_dead_below(5);
  REQUIRE(one.size() == 1);
  CHECK(one[0].service == "shop");
  CHECK(one[0].key_hash == 88);
  const auto other = bench.ledger.forget_dead_below(10);
  REQUIRE(other.size() == 1);
  CHECK(other[0].key_hash == 77);
  CHECK(bench.ledger.forget_dead_below(10).empty());
}

TEST_CASE("the broker's own pause outlasts one that was over, and ends no longer one") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.placed", 1}});
  const auto pauses = [&](const std::string& by, LogTime until) {
    v1::Command command;
    command.set_service("shop");
    command.set_by(by);
    command.mutable_pause()->set_until(until);
    REQUIRE(bench.ledger.apply({"reel.control", command.SerializeAsString()}));
    return bench.ledger.find("shop")->paused_until;
  };
  CHECK(pauses("reel-broker", 100) == 100);
  CHECK(pauses("reel-broker", 0) == until_resumed);
  CHECK(pauses("reel-broker", 200) == until_resumed);
  CHECK(pauses("ada@host", 300) == 300);
}

TEST_CASE("no dead letter is forgotten to make room for others") {
  LedgerBench bench;
  for (Offset offset = 1; offset <= 200'000; offset += 1000) {
    Settlement settlement;
    for (Offset i = offset; i < offset + 1000; ++i) {
      settlement.failures.emplace_back().set_offset(i);
      settlement.failures.back().set_ending(v1::ENDING_DEAD);
    }
    REQUIRE(bench.ledger.apply({"reel.delivery", report_of("shop", "one", settlement)->SerializeAsString()}));
  }
  CHECK(bench.ledger.find("shop")->dead.size() == 200'000);
  CHECK(bench.ledger.find("shop")->dead.begin()->first == 1);
}

TEST_CASE("a report has as few ranges as can be, and none is made of nothing") {
  Settlement settlement;
  CHECK_FALSE(report_of("shop", "one", settlement).has_value());
  settlement.stale.emplace_back().set_count(3);
  CHECK_FALSE(report_of("shop", "one", settlement).has_value());
  for (const auto& [first, count] :
       std::vector<std::pair<Offset, std::uint32_t>>{{7, 2}, {1, 3}, {4, 1}, {12, 1}}) {
    settlement.acked.emplace_back().set_first(first);
    settlement.acked.back().set_count(count);
  }
  const auto report = report_of("shop", "one", settlement);
  CHECK(report->service() == "shop");
  CHECK(report->instance() == "one");
  CHECK(text({report->acked().begin(), report->acked().end()}) == "1-4 7-8 12");
}

TEST_CASE("packing offsets gives ascending ranges, in whatever order they stand") {
  CHECK(text(pack({})) == "");
  CHECK(text(pack(std::vector<Offset>{0})) == "0");
  CHECK(text(pack(std::vector<Offset>{1, 2, 3, 5, 6, 9})) == "1-3 5-6 9");
  CHECK(text(pack(std::vector<Offset>{9, 2, 1, 3, 2, 6, 5})) == "1-3 5-6 9");
}

TEST_CASE("a parked event that the journal has lost is a letter, and parked no more") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 1}});
  Settlement settlement;
  settlement.parked = {{5, 5, 77}, {6, 6, 77}};
  bench.reported("shop", settlement);
  bench.failed("shop", 5, v1::ENDING_DEAD);
  const auto& parked = bench.ledger.find("shop")->parked;
  REQUIRE(parked.contains(77));
  CHECK_FALSE(parked.at(77).contains(5));
  CHECK(parked.at(77).contains(6));
  bench.failed("shop", 6, v1::ENDING_DEAD);
  CHECK(bench.ledger.find("shop")->parked.empty());
  bench.restarts_from_snapshot();
  CHECK(bench.ledger.find("shop")->dead.size() == 2);
}

TEST_CASE("redeliveries that stand together are known by the last of them and their oldest event") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 1}});
  const auto redelivered = [&](Offset at, Offset origin, v1::Redelivery kind) {
    v1::RedeliveryRecord record;
    record.set_origin(origin);
    record.set_kind(kind);
    REQUIRE(bench.ledger.apply({"reel.redelivery.shop", record.SerializeAsString(), at, 77}));
  };
  redelivered(20, 9, v1::REDELIVERY_REDRIVEN);
  redelivered(21, 4, v1::REDELIVERY_REDRIVEN);
  redelivered(30, 5, v1::REDELIVERY_REPLAYED);
  using Runs = std::map<Offset, Offset>;
  CHECK(bench.ledger.find("shop")->redelivering == Runs{{21, 4}, {30, 5}});
  bench.restarts_from_snapshot();
  CHECK(bench.ledger.find("shop")->redelivering == Runs{{21, 4}, {30, 5}});
  bench.ledger.raise_floor("shop", 22);
  CHECK(bench.ledger.find("shop")->redelivering == Runs{{30, 5}});
}

TEST_CASE("what is redelivered is owed once more until that is settled, also after a restart") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 1}});
  const auto redelivered = [&](Offset at, Offset origin, v1::Redelivery kind) {
    v1::RedeliveryRecord record;
    record.set_origin(origin);
    record.set_kind(kind);
    REQUIRE(bench.ledger.apply({"reel.redelivery.shop", record.SerializeAsString(), at, 77}));
  };
  const auto owed = [&](std::uint64_t key, Offset origin) {
    return bench.ledger.find("shop")->owed_again(key, origin).value_or(0);
  };
  redelivered(20, 9, v1::REDELIVERY_REDRIVEN);
  redelivered(21, 4, v1::REDELIVERY_RESUMED);
  redelivered(22, 4, v1::REDELIVERY_REPLAYED);
  redelivered(24, 6, v1::REDELIVERY_RESUMED);
  bench.restarts_from_snapshot();
  CHECK(owed(77, 9) == 20);
  CHECK(owed(77, 4) == 21);  // the replay is owed besides
  CHECK(owed(77, 6) == 24);
  CHECK(owed(77, 5) == 0);
  CHECK(owed(78, 9) == 0);
  using Runs = std::map<Offset, Offset>;
  CHECK(bench.ledger.find("shop")->redelivering == Runs{{22, 4}, {24, 6}});

  bench.acked("shop", 21);
  CHECK(owed(77, 4) == 0);
  CHECK(owed(77, 9) == 20);
  bench.ledger.raise_floor("shop", 24);
  CHECK(owed(77, 9) == 0);
  bench.restarts_from_snapshot();
  CHECK(owed(77, 6) == 24);
}

TEST_CASE(
    "of redeliveries those are kept in memory that are not settled, though an older one is tried for hours") {
  LedgerBench bench;
  bench.subscribed("shop", {{"order.*", 1}});
  for (Offset at = 1'000; at < 2'000; ++at) {
    v1::RedeliveryRecord record;
    record.set_origin(at - 900);
    record.set_kind(v1::REDELIVERY_REDRIVEN);
    REQUIRE(bench.ledger.apply({"reel.redelivery.shop", record.SerializeAsString(), at, 77}));
  }
  bench.failed("shop", 1'000, v1::ENDING_NACKED);
  bench.acked("shop", 1'001, 997);
  bench.failed("shop", 1'998, v1::ENDING_DEAD);
  for (int restart = 0; restart < 2; ++restart) {
    using Redelivered = std::map<Offset, Offset>;
    CHECK(bench.ledger.find("shop")->redelivered == Redelivered{{1'000, 100}, {1'999, 1'099}});
    CHECK(bench.ledger.find("shop")->redelivering == Redelivered{{1'999, 100}});
    bench.restarts_from_snapshot();
  }
}
