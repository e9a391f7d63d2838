// Delays against a list that is searched from end to end, with restarts from a snapshot and the records
// since.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "delay_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

struct Naive {
  struct Event {
    Offset offset;
    LogTime due;
    std::string id;
    bool taken = false;
  };
  std::vector<Event> events;

  std::vector<Delays::Waiting> waiting() const {
    std::vector<Delays::Waiting> all;
    for (const auto& event : events) {
      if (!event.taken) all.push_back({event.due, event.offset});
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  Event* at(Offset offset) {
    const auto found = std::find_if(events.begin(), events.end(),
                                    [&](const Event& event) { return event.offset == offset; });
    return found == events.end() ? nullptr : &*found;
  }
};

class Both {
 public:
  explicit Both(std::uint64_t seed) : random_{seed} {}

  void step() {
    switch (random_() % 10) {
      case 0: return snapshot();
      case 1: return restart();
      case 2: return due();
      case 3: return cancel();
      case 4: return move();
      case 5: return end_taken();
      default: return delay();
    }
  }

  void compare() {
    CHECK(text_of(delays_) == text_of(naive_.waiting()));
    CHECK(delays_.waiting() == naive_.waiting().size());
    CHECK(delays_.room() == 1'000'000 - naive_.events.size());
    Offset oldest = 0;
    for (const auto& event : naive_.events) {
      CHECK(delays_.find("shop/1", event.id) == event.offset);
      if (oldest == 0 || event.offset < oldest) oldest = event.offset;
    }
    CHECK(delays_.oldest() == oldest);
    CHECK(delays_.next_due() == (naive_.waiting().empty() ? 0 : naive_.waiting().front().due));
  }

 private:
  void commit(StoredBatch batch) {
    end_ = batch.end_offset();
    delays_.apply(batch);
    journal_.push_back(std::move(batch));
  }
  void delay() {
    end_ += random_() % 3;  // other events
    const auto id = std::to_string(++ids_);
    const LogTime due = now_ + 1 + random_() % 50;
    naive_.events.push_back({end_, due, id});
    auto batch = delay_batch(end_, id, due, true);
    delays_.expect(batch);
    commit(std::move(batch));
  }
  void due() {
    now_ += random_() % 20;
    const auto count = 1 + random_() % 4;
    auto expected = naive_.waiting();
    std::erase_if(expected, [&](const auto& waiting) { return waiting.due > now_; });
    if (expected.size() > count) expected.resize(count);
    for (const auto& waiting : expected) naive_.at(waiting.offset)->taken = true;
    CHECK(text_of(delays_.take_due(now_, count)) == text_of(expected));
  }
  void cancel() {
    auto* const event = any();
    if (event == nullptr) return;
    CHECK(delays_.take(event->offset) == !event->taken);
    event->taken = true;
    over({event->offset});
  }
  void move() {
    auto* const event = any();
    if (event == nullptr || event->taken) return;
    CHECK(delays_.take(event->offset));
    const auto from = std::find_if(journal_.begin(), journal_.end(), [&](const StoredBatch& batch) {
      return batch.first_offset == event->offset;
    });
    REQUIRE(from != journal_.end());
    event->offset = end_;
    commit(move_batch(end_, *from));
  }
  void end_taken() {
    std::vector<Offset> taken;
    for (const auto& event : naive_.events) {
      if (event.taken) taken.push_back(event.offset);
    }
    if (!taken.empty()) over(taken);
  }
  void over(const std::vector<Offset>& offsets) {
    std::erase_if(naive_.events, [&](const Naive::Event& event) {
      return std::find(offsets.begin(), offsets.end(), event.offset) != offsets.end();
    });
    commit(ended_batch(end_, offsets));
  }
  void snapshot() {
    snapshot_.Clear();
    snapshot_.set_offset(end_);
    delays_.save(snapshot_);
  }
  // What was on its way out, and did not get there, waits again.
  void restart() {
    delays_ = Delays{1'000'000};
    delays_.load(snapshot_);
    for (const auto& batch : journal_) delays_.apply(batch, snapshot_.offset());
    for (auto& event : naive_.events) event.taken = false;
  }
  Naive::Event* any() {
    return naive_.events.empty() ? nullptr : &naive_.events[random_() % naive_.events.size()];
  }

  std::mt19937_64 random_;
  Naive naive_;
  Delays delays_{1'000'000};
  std::vector<StoredBatch> journal_;
  v1::Snapshot snapshot_;
  Offset end_ = 1;
  LogTime now_ = 1;
  std::uint64_t ids_ = 0;
};

}  // namespace

TEST_CASE("whatever was delayed, due, cancelled and moved, and wherever it stopped: the right ones wait") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Both both{seed};
    for (int step = 0; step < 120; ++step) both.step();
    both.compare();
  }
}

TEST_CASE("many that are over do not stay in memory, and those between them are found") {
  Delays delays{100'000};
  std::vector<Offset> over;
  for (Offset offset = 1; offset <= 10'000; ++offset) {
    delays.apply(delay_batch(offset, "a", offset));
    if (offset % 100 != 1) over.push_back(offset);
  }
  delays.apply(ended_batch(10'001, over));
  CHECK(delays.waiting() == 100);
  CHECK(delays.between(1, 10'001, 1'000).size() == 100);
  CHECK(delays.oldest() == 1);
  CHECK(delays.take(5'001));
  CHECK_FALSE(delays.take(5'002));
}
