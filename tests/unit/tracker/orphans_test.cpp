#include "tracker/orphans.h"

#include <doctest/doctest.h>

#include "tracker_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

/// "invoice.issued in lost: no flow, likely order-7 by key", newest first.
std::string orphans_of(TrackerBench& bench) {
  v1::OrphansReply reply;
  tell(bench.tracker().orphans(), {}, reply);
  std::string text;
  for (const auto& orphan : reply.orphans()) {
    text += (text.empty() ? "" : "; ") + orphan.topic() + " in " + orphan.correlationid();
    text += orphan.lost() == v1::OrphansReply::LOST_FLOW ? ": no flow" : ": no cause";
    constexpr const char* by[] = {"", "cause", "key", "subject"};
    if (orphan.likely_flow().empty()) continue;
    text += ", likely " + orphan.likely_flow() + " by " + by[orphan.likely_by()];
  }
  return text;
}

constexpr const char* orders =
    "flow orders start order.placed within 1h\n"
    "  order.placed -> invoice.issued within 10s by invoicing";

}  // namespace

TEST_CASE("an event that begins a flow though it names a cause is an orphan, and its flow is where that is") {
  TrackerBench bench{orders};
  const auto placed = bench.sees("order.placed", "order-7");
  bench.sees("invoice.issued", "order-7", {.cause = placed});
  CHECK(orphans_of(bench) == "");
  bench.sees("order.noted", "lost", {.cause = placed});
  CHECK(orphans_of(bench) == "order.noted in lost: no flow, likely order-7 by cause");
  bench.sees("order.noted", "lost-too", {.cause = "never-seen"});
  CHECK(orphans_of(bench) ==
        "order.noted in lost-too: no flow; order.noted in lost: no flow, likely order-7 by cause");
}

TEST_CASE("what only a flow under way expects is one too, and is matched by key or subject") {
  TrackerBench bench{orders};
  bench.sees("order.placed", "order-7", {.subject = "ada", .key = "cart-1"});
  bench.sees("order.placed", "order-8", {.subject = "bob"});
  bench.sees("invoice.issued", "lost", {.key = "cart-1"});
  CHECK(orphans_of(bench) == "invoice.issued in lost: no flow, likely order-7 by key");
  bench.sees("invoice.issued", "other", {.subject = "bob"});
  CHECK(orphans_of(bench).starts_with("invoice.issued in other: no flow, likely order-8 by subject; "));
  // An orphan's own key leads nowhere.
  bench.sees("invoice.issued", "third", {.subject = "eve", .key = "cart-2"});
  bench.sees("invoice.issued", "fourth", {.key = "cart-2"});
  CHECK(orphans_of(bench).starts_with("invoice.issued in fourth: no flow; "));
}

TEST_CASE("a cause that its flow does not have makes an orphan; one that stands far back does not") {
  TrackerBench bench{orders};
  const auto first = bench.sees("order.placed", "order-7");
  for (int i = 0; i < 100; ++i) bench.sees("order.noted", "order-7");
  bench.sees("order.noted", "order-7", {.cause = first});
  CHECK(orphans_of(bench) == "");
  bench.restarts();  // and what was remembered of ids is gone
  bench.sees("order.noted", "order-7", {.cause = first});
  CHECK(orphans_of(bench) == "");
  bench.sees("order.noted", "order-7", {.cause = "never-seen"});
  CHECK(orphans_of(bench) == "order.noted in order-7: no cause");
}

TEST_CASE("what a long flow does not show to have lost is no orphan") {
  TrackerBench bench{orders};
  const auto first = bench.sees("order.placed", "order-7");
  for (int i = 0; i < 1'500; ++i) bench.sees("order.noted", "order-7");
  bench.restarts();  // nothing is remembered of ids, and the cause is farther back than is looked
  bench.sees("order.noted", "order-7", {.cause = first});
  CHECK(orphans_of(bench) == "");
}

TEST_CASE("parts of a flow, replayed events and what a verdict causes have their place") {
  TrackerBench bench{orders};
  const auto placed = bench.sees("order.placed", "order-7");
  bench.sees("parcel.begun", "parcel-1", {.cause = placed, .parent = "order-7"});
  bench.sees("order.noted", "order-9", {.cause = "of-before", .replayed = true});
  const auto verdict = bench.sees("reel.flow.overdue", "order-7");
  bench.sees("order.attention", "order-7", {.cause = verdict});
  CHECK(orphans_of(bench) == "");
}

TEST_CASE("the newest orphans are kept, paged, and all are counted") {
  Orphans orphans;
  for (std::uint64_t offset = 1; offset <= orphans_max + 5; ++offset) {
    v1::OrphansReply::Orphan orphan;
    orphan.set_offset(offset);
    orphans.add(std::move(orphan));
  }
  v1::OrphansRequest ask;
  ask.set_limit(600);
  v1::OrphansReply first;
  tell(orphans, ask, first);
  CHECK(first.orphans_size() == 600);
  CHECK(first.orphans(0).offset() == orphans_max + 5);
  CHECK(first.next() == orphans_max + 5 - 599);
  CHECK(first.count() == orphans_max + 5);
  ask.set_before(first.next());
  v1::OrphansReply second;
  tell(orphans, ask, second);
  CHECK(second.orphans_size() == 400);
  CHECK(second.orphans(399).offset() == 6);
  CHECK(second.next() == 0);
}
