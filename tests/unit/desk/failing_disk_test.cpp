// A disk that takes nothing, or gives nothing back: nobody is told what is not so, and nothing is given up.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

/// payments has rejected e1; e2 and e3 are parked behind it, and none of it is in memory.
struct Parked : DeskBench {
  Parked() {
    serves("payments", "order.placed");
    publishes("order.placed", {"e1 k", "e2 k", "e3 k"});
    until([&] { return got("payments") == "e1#1 e2#1 e3#1"; });
    first = newest("payments") - 2;
    (void)settles("payments", {.nacks = {{.offset = first, .reject = true}}});
    CHECK(letters() == letter());
    fills_segment();
    before = got("payments");
  }
  [[nodiscard]] std::string letter() const { return std::to_string(first) + " Oops"; }
  /// What payments got since.
  [[nodiscard]] std::string more() const { return got("payments").substr(before.size()); }
  std::string discards() {
    v1::Command discard;
    discard.mutable_discard()->add_offsets(first);
    return tells(discard);
  }
  std::string redrives() {
    v1::Command redrive;
    redrive.mutable_redrive()->add_offsets(first);
    return tells(redrive);
  }
  std::string replays() {
    v1::Command replay;
    replay.mutable_replay()->set_from_offset(1);
    return tells(replay);
  }
  std::size_t replays_under_way() {
    v1::Request request;
    request.mutable_replays();
    return static_cast<std::size_t>(asks(request).replays().replays_size());
  }

  Offset first = 0;
  std::string before;
};

}  // namespace

TEST_CASE("nobody is told 'duplicate' of an event that the disk has not taken") {
  DeskBench bench;
  bench.disk_stalls();
  bench.publishes("order.placed", {"e1 k"}, 7);
  bench.disk_fills();
  bench.publishes("order.placed", {"e1 k"}, 8);
  CHECK(bench.told() == "0 from 0 0:REFUSAL_JOURNAL_UNAVAILABLE");
  bench.disk_has_room();
  bench.rest();
  CHECK(bench.told() == "1 from 1");
  bench.publishes("order.placed", {"e1 k"}, 8);
  bench.rest();
  CHECK(bench.told() == "0 from 0 0=1");
}

TEST_CASE("parked events that cannot be read now are not taken for deleted: they come when they can be") {
  Parked bench;
  bench.disk_unreadable(true);
  CHECK(bench.discards() == "1");
  bench.until([&] { return bench.failed_reads() == 2; });  // one for each
  bench.disk_unreadable(false);
  CHECK(bench.letters() == "");
  CHECK(bench.more() == "");
  bench.advance(std::chrono::seconds{1});
  bench.until([&] { return bench.more() == " e2#1! e3#1!"; });
  CHECK(bench.letters() == "");
}

TEST_CASE("a replay that cannot read waits and reads again, and is not done before") {
  Parked bench;
  bench.disk_unreadable(true);
  CHECK(bench.replays() == "1");
  bench.until([&] { return bench.failed_reads() == 1; });
  CHECK(bench.replays_under_way() == 1);
  bench.advance(std::chrono::seconds{1});
  bench.until([&] { return bench.failed_reads() == 2; });
  CHECK(bench.replays_under_way() == 1);
  bench.disk_unreadable(false);
  bench.advance(std::chrono::seconds{1});
  bench.until([&] { return bench.replays_under_way() == 0; });
}

TEST_CASE("a letter that cannot be read now is not redriven, and not said to be gone") {
  Parked bench;
  bench.disk_unreadable(true);
  CHECK(bench.redrives() ==
        "event at offset " + std::to_string(bench.first) + " cannot be read from the journal now; try again");
  bench.disk_unreadable(false);
  CHECK(bench.letters() == bench.letter());
  CHECK(bench.redrives() == "1");
  bench.until([&] { return bench.more() == " e1#1!"; });
}
