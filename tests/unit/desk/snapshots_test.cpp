// The snapshot, the journal behind it and retention: after a power cut one of them always knows.
#include "desk/snapshots.h"
#include "../journal/failing_sync.h"
#include "desk_bench.h"
#include "ledger/snapshot_file.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

/// Snapshots after every ten events, beside a journal that nobody syncs (`os`).
struct SnapshotBench : DeskBench {
  explicit SnapshotBench(config::Model model = desk_model()) : DeskBench{std::move(model)} {}

  /// So many events, one after the other.
  void publishes_many(int events) {
    for (int i = 0; i < events; ++i) publishes("order.placed", {"e" + std::to_string(++published) + " k"});
    rest();
  }
  /// What the snapshot on the disk is of; 0: there is none.
  [[nodiscard]] Offset saved() const {
    const auto read = read_snapshot(path);
    CHECK(read.note == "");
    return read.snapshot ? read.snapshot->offset() : 0;
  }
  void until_saved(Offset offset) {
    until([&] {
      snapshots.turn();
      return saved() >= offset;
    });
  }

  int published = 0;
  const std::filesystem::path path = directory() / "state.snapshot";
  Snapshots snapshots{desk(), journal(), path, 10};
};

}  // namespace

TEST_CASE("a snapshot is written when the journal on the disk reaches as far, and not before") {
  SnapshotBench bench;
  bench.publishes_many(9);
  CHECK(bench.journal().synced_end() == 1);
  bench.until_saved(10);
  CHECK(bench.journal().synced_end() >= bench.saved());
  bench.publishes_many(20);
  {
    const FailingSync failing;
    bench.snapshots.turn();
    bench.until([&] { return !bench.desk().journal_is_well(); });
    bench.snapshots.turn();
    CHECK(bench.saved() == 10);
  }
  bench.advance(std::chrono::seconds{10});
  bench.until_saved(30);
  CHECK(bench.journal().synced_end() >= bench.saved());
}

TEST_CASE("retention deletes nothing that no snapshot on the disk knows of") {
  SnapshotBench bench;
  bench.fills_segment();
  bench.fills_segment();
  bench.advance(std::chrono::hours{1});
  {
    const FailingSync failing;
    bench.snapshots.turn();
    bench.until([&] { return !bench.desk().journal_is_well(); });
    bench.snapshots.turn();
    CHECK(bench.journal().begin_offset() == 1);
  }
  bench.until([&] {
    bench.snapshots.turn();
    return bench.journal().begin_offset() > 1;
  });
  CHECK(bench.saved() >= bench.journal().begin_offset());
}

TEST_CASE("a state too large for a snapshot is refused with a sentence, and the snapshot before stays") {
  SnapshotBench bench;
  bench.publishes_many(9);
  bench.until_saved(10);
  v1::Snapshot large;
  large.set_offset(11);
  large.add_services()->set_paused_by(std::string(1000, 'x'));
  CHECK(write_snapshot(bench.path, large, 1007).value_or("") ==
        "cannot write " + bench.path.string() +
            ": the state has 1008 bytes, and a snapshot at most 1007; discard or redrive dead letters and "
            "what is "
            "parked behind them");
  CHECK(bench.saved() == 10);
  CHECK(write_snapshot(bench.path, large, 1008).value_or("") == "");
  CHECK(bench.saved() == 11);
}

TEST_CASE("a snapshot that cannot be written moves nothing: retention deletes what the one before allows") {
  SnapshotBench bench;
  std::filesystem::create_directories(bench.path / "in the way");
  bench.fills_segment();
  bench.fills_segment();
  bench.advance(std::chrono::hours{1});
  bench.until([&] {
    bench.snapshots.turn();
    return bench.journal().synced_end() == bench.desk().committed_end();
  });
  bench.snapshots.turn();
  CHECK(bench.journal().begin_offset() == 1);
}

TEST_CASE("who stops the broker waits for the snapshot") {
  SnapshotBench bench;
  bench.publishes_many(3);
  bench.snapshots.finish();
  CHECK(bench.saved() == 4);
  CHECK(bench.journal().synced_end() == 4);
}
