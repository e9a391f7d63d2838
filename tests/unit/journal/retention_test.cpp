// Retention deletes whole segments, oldest first, and none that is still needed.
#include <doctest/doctest.h>

#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

constexpr Offset all_settled = 1'000'000;

// Segments 1 (log times 1000, 1001), 3 (2000, 2001), 5 (3000).
struct ThreeSegments : JournalBench {
  explicit ThreeSegments(config::Journal options) : JournalBench{options} {
    for (const LogTime time : {1000, 2000, 3000}) {
      set_log_time(time);
      write("a");
      if (time < 3000) write("b");
    }
  }
  std::string after_retain(Offset keep_from, LogTime now) {
    freed = retain(keep_from, now);
    return segments();
  }
  std::uint64_t freed = 0;
};

constexpr LogTime ms = 1'000'000;

config::Journal keep_for(std::chrono::milliseconds time) {
  return {.segment_bytes = 300, .retain = time, .retain_bytes = 1 << 30};
}
config::Journal keep_bytes(std::uint64_t bytes) {
  return {.segment_bytes = 300, .retain = std::chrono::hours{1}, .retain_bytes = bytes};
}

}  // namespace

TEST_CASE("a segment is deleted when its newest event is past the time") {
  ThreeSegments bench{keep_for(std::chrono::milliseconds{1})};
  CHECK(bench.after_retain(all_settled, 1001 + ms) == "1.journal 3.journal 5.journal");
  CHECK(bench.freed == 0);
  CHECK(bench.after_retain(all_settled, 1002 + ms) == "3.journal 5.journal");
  CHECK(bench.freed > 128);
  CHECK(bench.journal().begin_offset() == 3);
  CHECK(bench.read_all() == "3:a | 4:b | 5:a");
  CHECK(bench.read_from(1) == "3:a | 4:b | 5:a");
}

TEST_CASE("the newest segment stays, however old") {
  ThreeSegments bench{keep_for(std::chrono::milliseconds{1})};
  CHECK(bench.after_retain(all_settled, 1'000 * ms) == "5.journal");
  CHECK(bench.read_all() == "5:a");
  bench.write("b");
  CHECK(bench.read_all() == "5:a | 6:b");
}

TEST_CASE("the oldest segments are deleted beyond the size") {
  ThreeSegments roomy{keep_bytes(2000)};
  CHECK(roomy.after_retain(all_settled, 5000) == "1.journal 3.journal 5.journal");
  ThreeSegments tight{keep_bytes(800)};
  CHECK(tight.after_retain(all_settled, 5000) == "3.journal 5.journal");
  ThreeSegments none{keep_bytes(1)};
  CHECK(none.after_retain(all_settled, 5000) == "5.journal");
}

TEST_CASE("a segment that holds an offset which is still needed stays, and so do all behind it") {
  ThreeSegments bench{keep_bytes(1)};
  CHECK(bench.after_retain(2, 1'000 * ms) == "1.journal 3.journal 5.journal");
  CHECK(bench.after_retain(3, 1'000 * ms) == "3.journal 5.journal");
  CHECK(bench.after_retain(4, 1'000 * ms) == "3.journal 5.journal");
}

TEST_CASE("what would go if nothing were needed can be asked, and asking deletes nothing") {
  ThreeSegments old{keep_for(std::chrono::milliseconds{1})};
  CHECK(old.journal().retained_from(1001 + ms) == 1);
  CHECK(old.journal().retained_from(1002 + ms) == 3);
  CHECK(old.journal().retained_from(1'000 * ms) == 5);
  ThreeSegments tight{keep_bytes(800)};
  CHECK(tight.journal().retained_from(5000) == 3);
  CHECK(tight.segments() == "1.journal 3.journal 5.journal");
  CHECK(tight.journal().begin_offset() == 1);
}

TEST_CASE("a read that was under way ends well though its segment is deleted") {
  ThreeSegments bench{keep_bytes(1)};
  auto& journal = bench.journal();
  journal.read(7, 1, 1000);
  (void)journal.retain(all_settled, 5000);
  CHECK(bench.read_once(5, 1) == "1:a | 2:b");  // the first answer is the first question's
}

TEST_CASE("the index of a deleted segment goes with it") {
  ThreeSegments bench{keep_bytes(1)};
  CHECK(bench.after_retain(all_settled, 5000) == "5.journal");
  CHECK_FALSE(std::filesystem::exists(bench.directory() / "00000000000000000001.index"));
}
