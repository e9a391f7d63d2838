#include "journal/event_reads.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>

#include "event/batch.h"
#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

/// A journal of five batches, so far apart that one read brings one of them, and nothing of it in memory.
class ReadsBench {
 public:
  ReadsBench() {
    for (const char word : {'a', 'b', 'c', 'd', 'e'}) journal_.write(wide(word) + " " + std::string(1, word));
    journal_.reopen();
    log_.emplace(journal_.journal(), 1, [] { return 1'000'000'000; });
    reads_.emplace(journal_.journal(), *log_);
  }

  std::string fetch(std::vector<Offset> offsets) {
    std::string text;
    bool done = false;
    CHECK(reads_->fetch(
        std::move(offsets), [&](const EventAt& event) { text += described(event); }, [&] { done = true; }));
    while (!done) turn();
    return text;
  }
  std::string each(std::vector<Offset> offsets) {
    std::string text;
    std::size_t left = offsets.size();
    reads_->each(std::move(offsets), [&](const EventAt& event) { text += described(event), --left; });
    while (left > 0) turn();
    return text;
  }
  EventReads& reads() { return *reads_; }
  [[nodiscard]] std::size_t asked() const { return asked_; }
  void turn() {
    pollfd bell{.fd = journal_.journal().event_fd(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&bell, 1, 20'000) == 1);
    for (auto& done : journal_.journal().take_done()) {
      const auto* const read = std::get_if<ReadDone>(&done);
      if (read == nullptr) continue;
      CHECK(reads_->take_read(*read));
      ++asked_;
    }
  }

 private:
  static std::string wide(char word) { return std::string(200'000, word); }
  static std::string described(const EventAt& event) {
    if (!event.batch) return std::to_string(event.offset) + ":none ";
    const auto data = read_event(event.event().bytes)->data;
    return std::to_string(event.offset) + ":" + std::string(data.substr(0, 1)) + " ";
  }

  JournalBench journal_{{.sync = config::Sync::os, .segment_bytes = 8 << 20}};
  std::optional<CommitLog> log_;
  std::optional<EventReads> reads_;
  std::size_t asked_ = 0;
};

}  // namespace

TEST_CASE("events that stand far apart are all found, each by a read of its own") {
  ReadsBench bench;
  CHECK(bench.fetch({9, 1, 5}) == "1:a 5:c 9:e ");
  CHECK(bench.asked() == 3);
  CHECK(bench.each({2, 4, 10}) == "2:a 4:b 10:e ");
}

TEST_CASE("events that stand together cost one read") {
  ReadsBench bench;
  CHECK(bench.fetch({3, 4}) == "3:b 4:b ");
  CHECK(bench.asked() == 1);
}

TEST_CASE("what the journal does not hold is said to be nowhere, and nobody reads for it") {
  ReadsBench bench;
  CHECK(bench.fetch({0, 7, 11, 1'000'000}) == "0:none 7:d 11:none 1000000:none ");
  CHECK(bench.asked() == 1);
  CHECK(bench.fetch({}) == "");
}

TEST_CASE("who is told of an event may ask for the next one") {
  ReadsBench bench;
  std::string text;
  bench.reads().each({1}, [&](const EventAt& first) {
    text += std::to_string(first.offset);
    bench.reads().each({7}, [&](const EventAt& second) { text += " " + std::to_string(second.offset); });
  });
  while (text != "1 7") bench.turn();
}

TEST_CASE("a stretch begins with the batch that holds the offset; at the end there is none") {
  ReadsBench bench;
  std::optional<std::size_t> batches;
  const auto count = [&](const std::vector<StoredBatchPtr>& found) { batches = found.size(); };
  CHECK(bench.reads().stretch(6, count));
  while (!batches) bench.turn();
  CHECK(batches == 3);
  CHECK(bench.reads().stretch(11, count));
  CHECK(batches == 0);
}

TEST_CASE("more questions than may wait are refused") {
  ReadsBench bench;
  std::size_t answers = 0;
  const auto nothing = [](const EventAt&) {};
  for (std::size_t i = 0; i < EventReads::jobs_max; ++i) {
    REQUIRE(bench.reads().fetch({1}, nothing, [&] { ++answers; }));
  }
  CHECK_FALSE(bench.reads().fetch({1}, nothing, [] {}));
  CHECK_FALSE(bench.reads().stretch(1, [](const std::vector<StoredBatchPtr>&) {}));
  while (answers < EventReads::jobs_max) bench.turn();
  CHECK(bench.reads().fetch({1}, nothing, [] {}));
}

TEST_CASE("so many are read for at a time, and what was read for one is kept for none") {
  ReadsBench bench;
  std::vector<std::weak_ptr<const StoredBatch>> seen;
  std::size_t alive_at_most = 0;
  std::size_t answers = 0;
  const auto found = [&](const EventAt& at) {
    seen.push_back(at.batch);
    alive_at_most = std::max(
        alive_at_most, static_cast<std::size_t>(std::count_if(
                           seen.begin(), seen.end(), [](const auto& batch) { return !batch.expired(); })));
  };
  constexpr std::size_t questions = 3 * EventReads::reads_max;
  for (std::size_t i = 0; i < questions; ++i) {
    REQUIRE(bench.reads().fetch({1, 5, 9}, found, [&] { ++answers; }));
  }
  std::size_t read_for_at_most = 0;
  while (answers < questions) {
    bench.turn();
    read_for_at_most = std::max(read_for_at_most, bench.reads().under_way());
  }
  CHECK(read_for_at_most == EventReads::reads_max);
  CHECK(seen.size() == 3 * questions);
  CHECK(alive_at_most <= EventReads::reads_max);  // that came together
}
