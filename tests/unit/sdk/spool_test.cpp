// A publisher's queue on disk: what is in it survives the program, in order, whatever its end looks like.
#include "spool.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <fstream>
#include <memory>

#include "../temp_folder.h"

using namespace reel::sdk;
namespace fs = std::filesystem;

namespace {

class SpoolBench {
 public:
  SpoolBench() { opens(); }

  void opens(std::uint64_t bytes_max = 1u << 20) {
    spool_.reset();
    spool_ = std::make_unique<Spool>(folder(), bytes_max, segment_bytes);
  }
  void closes() { spool_.reset(); }
  void keeps(const std::string& event) { REQUIRE_FALSE(spool_->append(event)); }
  std::string reads(std::size_t bytes = 1u << 20) {
    std::string text;
    for (const auto& event : spool_->read(bytes)) text += (text.empty() ? "" : " ") + event;
    return text;
  }
  [[nodiscard]] std::vector<fs::path> segments() const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator{folder()})
      if (entry.path().extension() == ".spool") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  void breaks(const fs::path& segment, std::uint64_t at) {
    std::fstream file{segment, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(at));
    file.put('\x7f');
  }

  Spool& spool() { return *spool_; }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

  static constexpr std::uint64_t segment_bytes = 64;

 private:
  reel::test::TempFolder folder_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace

TEST_CASE("events come out in order, a part at a time, and are gone when they are done with") {
  SpoolBench bench;
  CHECK(bench.spool().empty());
  for (const auto* event : {"one", "two", "three"}) bench.keeps(event);
  CHECK(bench.spool().events() == 3);
  CHECK(bench.reads(8) == "one two");
  CHECK(bench.reads(1) == "one");  // one at least
  bench.spool().advance(2);
  CHECK(bench.reads() == "three");
  bench.spool().advance(1);
  CHECK(bench.reads() == "");
  CHECK(bench.spool().bytes() == 0);
}

TEST_CASE("whoever opens it next goes on where it was") {
  SpoolBench bench;
  for (int i = 0; i < 20; ++i) bench.keeps("event-" + std::to_string(i));
  bench.spool().advance(7);
  bench.opens();
  CHECK(bench.spool().events() == 13);
  CHECK(bench.reads(16) == "event-7 event-8");
  CHECK(bench.spool().broken_bytes() == 0);
}

TEST_CASE("what is done with takes no room on the disk") {
  SpoolBench bench;
  for (int i = 0; i < 20; ++i) bench.keeps("event-" + std::to_string(i));
  CHECK(bench.segments().size() == 5);
  bench.spool().advance(15);
  CHECK(bench.segments().size() == 2);
  bench.spool().advance(5);
  REQUIRE(bench.segments().size() == 1);
  CHECK(fs::file_size(bench.segments()[0]) == 0);
}

TEST_CASE("what is put in front comes first, also after the next start") {
  SpoolBench bench;
  bench.keeps("new");
  REQUIRE_FALSE(bench.spool().prepend({"old-1", "old-2"}));
  CHECK(bench.reads() == "old-1 old-2 new");
  bench.opens();
  CHECK(bench.reads() == "old-1 old-2 new");
  CHECK(bench.spool().events() == 3);
}

TEST_CASE("beyond its limit nothing is kept, and that is said") {
  SpoolBench bench;
  bench.opens(30);
  bench.keeps("0123456789");
  const auto why = bench.spool().append("0123456789");
  REQUIRE(why);
  CHECK(*why == "the spool " + bench.folder().string() + " is full: spool_bytes_max is 30");
  bench.spool().advance(1);
  bench.keeps("0123456789");
}

TEST_CASE("a second publisher is refused") {
  SpoolBench bench;
  CHECK_THROWS_WITH_AS(
      Spool(bench.folder(), 1000),
      ("another publisher uses the spool " + bench.folder().string() + "; give each one a folder of its own")
          .c_str(),
      SpoolError);
  CHECK_THROWS_AS(Spool("/proc/nowhere/spool", 1000), SpoolError);
}

TEST_CASE("an event that was half written when the program died is passed over, and told") {
  SpoolBench bench;
  bench.keeps("one");
  bench.keeps("two");
  bench.closes();
  const auto path = bench.segments().at(0);
  fs::resize_file(path, fs::file_size(path) - 1);
  bench.opens();
  CHECK(bench.reads() == "one");
  CHECK(bench.spool().broken_bytes() == 10);
  bench.keeps("three");
  bench.opens();
  CHECK(bench.reads() == "one three");
  CHECK(bench.spool().broken_bytes() == 0);
}

TEST_CASE("what is broken in the middle costs the rest of its segment, not the others") {
  SpoolBench bench;
  for (int i = 0; i < 8; ++i) bench.keeps("event-" + std::to_string(i));
  SUBCASE("before it is opened") {
    bench.closes();
    bench.breaks(bench.segments().at(0), 20);
    bench.opens();
  }
  SUBCASE("while it is open") {
    bench.breaks(bench.segments().at(0), 20);
  }
  CHECK(bench.reads() == "event-0 event-5 event-6 event-7");
  CHECK(bench.spool().events() == 4);
  CHECK(bench.spool().broken_bytes() == 60);
  bench.spool().advance(4);
  CHECK(bench.spool().empty());
  CHECK(bench.spool().bytes() == 0);
}

TEST_CASE("a position that makes no sense costs nothing: events come once more") {
  SpoolBench bench;
  bench.keeps("one");
  bench.keeps("two");
  bench.spool().advance(1);
  bench.closes();
  std::ofstream{bench.folder() / "position", std::ios::binary} << "sixteen bytes of!";
  std::ofstream{bench.folder() / "17.spool"} << "somebody else's";
  bench.opens();
  CHECK(bench.reads() == "one two");
}

TEST_CASE("a position that a power cut brought back passes over nothing") {
  SpoolBench bench;
  bench.keeps("one");
  bench.keeps("two");
  bench.spool().advance(1);
  const auto position = bench.folder() / "position";
  const auto old = bench.folder() / "old";
  fs::copy_file(position, old);
  bench.spool().advance(1);
  bench.keeps("three");
  SUBCASE("of a segment that is gone") {}
  SUBCASE("behind what was put in front since") {
    REQUIRE_FALSE(bench.spool().prepend({"zero"}));
    CHECK(bench.reads() == "zero three");
    bench.opens();
    CHECK(bench.reads() == "zero three");
    return;
  }
  bench.closes();
  fs::copy_file(old, position, fs::copy_options::overwrite_existing);
  bench.opens();
  CHECK(bench.reads() == "three");
}

TEST_CASE("a segment that cannot be read now is not taken for a broken one") {
  SpoolBench bench;
  for (int i = 0; i < 8; ++i) bench.keeps("event-" + std::to_string(i));
  const auto segment = bench.segments().at(0);
  const auto hidden = bench.folder() / "hidden";
  fs::rename(segment, hidden);
  CHECK(bench.reads() == "");
  CHECK(bench.spool().events() == 8);
  fs::rename(hidden, segment);
  CHECK(bench.spool().read(1u << 20).size() == 8);
}

TEST_CASE("it is a queue, whatever is done to it and however often it is opened again") {
  rc::check([] {
    SpoolBench bench;
    std::deque<std::string> naive;
    int next = 0;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100));
    for (const int step : steps) {
      if (step < 55) {
        naive.push_back("event-" + std::to_string(next++));
        bench.keeps(naive.back());
      } else if (step < 80) {
        const auto count = std::min<std::size_t>(naive.size(), static_cast<std::size_t>(step) % 9);
        bench.spool().advance(count);
        naive.erase(naive.begin(), naive.begin() + static_cast<std::ptrdiff_t>(count));
      } else if (step < 85) {
        naive.push_front("event-" + std::to_string(next++));
        if (bench.spool().prepend({naive.front()})) RC_FAIL("not kept");
      } else {
        bench.opens();
      }
      RC_ASSERT(bench.spool().events() == naive.size());
      const auto read = bench.spool().read(1u << 20);
      RC_ASSERT((std::deque<std::string>{read.begin(), read.end()}) == naive);
    }
  });
}
