// The outbox: what goes out when, and in which order.
#include "tracker/outbox.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::tracker;

namespace {

class OutboxBench final : public Outlet {
 public:
  std::uint64_t adds(const std::string& flow, const std::string& id) {
    stored::Outgoing event;
    event.set_id(id);
    event.set_correlationid(flow);
    return outbox.add(std::move(event));
  }
  /// Ids of what goes out now.
  std::string sends() {
    sent_.clear();
    outbox.send(*this, false);
    return sent_;
  }
  void send(std::uint64_t, const stored::Outgoing& event) override {
    sent_ += (sent_.empty() ? "" : " ") + event.id() + (event.data().empty() ? "" : "(" + event.data() + ")");
  }
  std::vector<Answer> take_answers(std::chrono::milliseconds) override { return {}; }

  Outbox outbox;

 private:
  std::string sent_;
};

}  // namespace

TEST_CASE("a verdict that waits for its cause holds up its own flow, and no other") {
  OutboxBench bench;
  (void)bench.adds("x", "x1");
  const auto held = bench.adds("x", "x2");
  const auto also_held = bench.adds("x", "x3");
  bench.outbox.hold(held);
  bench.outbox.hold(also_held);
  (void)bench.adds("x", "x4");
  (void)bench.adds("y", "y1");
  CHECK(bench.sends() == "x1 y1");
  bench.outbox.release(also_held, "cause");
  CHECK(bench.sends() == "");
  bench.outbox.release(held, "");
  CHECK(bench.sends() == "x2 x3(cause) x4");
  (void)bench.adds("x", "x5");
  CHECK(bench.sends() == "x5");
}

TEST_CASE("a verdict that is recognised in the log while it waits lets the rest of its flow go") {
  OutboxBench bench;
  const auto held = bench.adds("x", "x1");
  bench.outbox.hold(held);
  (void)bench.adds("x", "x2");
  bench.outbox.recognise("x1");
  CHECK(bench.sends() == "x2");
  bench.outbox.release(held, "too late");
  CHECK(bench.outbox.size() == 1);
}

TEST_CASE("a verdict that could not be kept goes out again") {
  OutboxBench bench;
  const auto number = bench.adds("x", "x1");
  CHECK(bench.sends() == "x1");
  CHECK(bench.sends() == "");
  CHECK(bench.outbox.take({.number = number, .outcome = Answer::Outcome::not_now, .text = ""}) == "");
  CHECK(bench.sends() == "x1");
  CHECK(bench.outbox.take({.number = number, .outcome = Answer::Outcome::published, .text = ""}) == "");
  CHECK(bench.outbox.size() == 0);
}
