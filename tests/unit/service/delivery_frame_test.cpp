#include "service/delivery_frame.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::broker;

namespace {

/// A publisher's batch in the journal, and frames made of it.
class FrameBench {
 public:
  explicit FrameBench(std::size_t events, std::size_t data_bytes = 0, const std::string& padding = {}) {
    const std::string data(data_bytes, 'x');
    BatchWriter writer;
    writer.begin_run({.source = "shop", .topic = "order.placed", .dataschema = "T"});
    for (std::size_t i = 0; i < events; ++i)
      writer.add({.id = "e" + std::to_string(i), .correlationid = "c", .data = data});
    auto batch = std::make_shared<StoredBatch>();
    batch->first_offset = 10;
    batch->append_own(writer.take() + padding);
    batch_ = batch;
  }

  /// The bytes of a frame with these events.
  Body frame(const std::vector<Offset>& offsets, const DeliveryFrame::Extent& extent = {}) {
    DeliveryFrame frame{extent};
    for (const auto offset : offsets) {
      const HandOver item{.offset = offset, .delivery = 1, .attempt = 1};
      REQUIRE(frame.takes(item, v1::REDELIVERY_NONE, {batch_, offset}));
      frame.add(item, v1::REDELIVERY_NONE, {batch_, offset}, {batch_, offset});
    }
    return frame.take_batch();
  }

  /// How many of them a frame takes before it is full.
  std::size_t room(const DeliveryFrame::Extent& extent) {
    DeliveryFrame frame{extent};
    for (Offset offset = 10; offset < batch_->end_offset(); ++offset) {
      const HandOver item{.offset = offset, .delivery = 1, .attempt = 1};
      if (!frame.takes(item, v1::REDELIVERY_NONE, {batch_, offset})) return offset - 10;
      frame.add(item, v1::REDELIVERY_NONE, {batch_, offset}, {batch_, offset});
    }
    return batch_->count();
  }
  [[nodiscard]] std::string_view received() const { return batch_->pieces.front(); }

 private:
  StoredBatchPtr batch_;
};

/// "e0 e2 in 1 run"
std::string seen(const Body& body) {
  std::string text;
  int runs = 0;
  BatchReader reader{body.bytes};
  for (; auto run = reader.next_run(); ++runs) {
    while (const auto event = run->next_event()) text += std::string{event->id} + " ";
  }
  return text + "in " + std::to_string(runs) + (runs == 1 ? " run" : " runs");
}

}  // namespace

TEST_CASE("a whole batch goes out as it came in") {
  FrameBench bench{3};
  const auto body = bench.frame({10, 11, 12});
  CHECK(body.bytes.data() == bench.received().data());
  CHECK(body.bytes == bench.received());
  CHECK(seen(body) == "e0 e1 e2 in 1 run");
}

TEST_CASE("of a part, the run's head stands once, whatever is left out between") {
  FrameBench bench{5};
  CHECK(seen(bench.frame({10, 12, 14})) == "e0 e2 e4 in 1 run");
  CHECK(seen(bench.frame({11, 12})) == "e1 e2 in 1 run");
}

TEST_CASE("what a publisher put into its batch beside the events is sent to nobody") {
  const std::string unknown_field = "\x7a\x88\x27" + std::string(5'000, 'p');  // field 15, 5,000 bytes
  FrameBench bench{2, 0, unknown_field};
  const auto body = bench.frame({10, 11});
  CHECK(seen(body) == "e0 e1 in 1 run");
  CHECK(body.bytes.size() < 100);
}

TEST_CASE("where payloads are left out they take no room") {
  FrameBench bench{100, 10'000};
  const DeliveryFrame::Extent envelopes{.envelope_only = true};
  CHECK(bench.room({}) == 27);
  CHECK(bench.room(envelopes) == 100);
  const auto body = bench.frame({10, 11}, envelopes);
  CHECK(seen(body) == "e0 e1 in 1 run");
  CHECK(body.bytes.size() < 100);
}
