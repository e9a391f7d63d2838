#include "gateway/api/event_texts.h"

#include <doctest/doctest.h>

#include "api_bench.h"

using namespace reel;
using namespace reel::test;

namespace {

const RunHead known_type{.source = "orders",
                         .topic = "order.placed",
                         .dataschema = "google.protobuf.StringValue",
                         .chosen_ids = false};
const RunHead unknown_type{
    .source = "orders", .topic = "order.odd", .dataschema = "shop.v1.Odd", .chosen_ids = false};

}  // namespace

TEST_CASE("an event is a CloudEvent with its payload decoded") {
  FakeBus bus;
  gateway::EventTexts texts{bus};
  gateway::EventWriter writer{texts};
  const Json event =
      Json::parse(writer.write(known_type, encoded_event("hello"), {.offset = 42, .log_time = noon}));
  CHECK(event["type"] == "order.placed");
  CHECK(event["id"] == "event-1");
  CHECK(event["data"] == "hello");
  CHECK(event["reeloffset"] == 42);
}

TEST_CASE("schemas are asked for once, and once more where a type is unknown") {
  FakeBus bus;
  gateway::EventTexts texts{bus};
  gateway::EventWriter first{texts};
  for (int i = 0; i < 3; ++i) (void)first.write(known_type, encoded_event("hello"), {});
  CHECK(bus.asked_for_schemas == 1);
  gateway::EventWriter second{texts};
  for (int i = 0; i < 3; ++i) {
    const Json event = Json::parse(second.write(unknown_type, encoded_event("hello"), {}));
    CHECK(event.contains("data_base64"));
  }
  CHECK(bus.asked_for_schemas == 2);
}

TEST_CASE(
    "a type may change under its name: old schemas are asked for anew, and kept where they are the same") {
  FakeBus bus;
  auto now = gateway::EventTexts::Clock::time_point{} + std::chrono::hours{1};
  gateway::EventTexts texts{bus, [&] { return now; }};
  const auto first = texts.known();
  now += gateway::schemas_age_max - std::chrono::milliseconds{1};
  CHECK(texts.known() == first);
  CHECK(bus.asked_for_schemas == 1);
  now += std::chrono::milliseconds{1};
  CHECK(texts.known() == first);
  CHECK(bus.asked_for_schemas == 2);
}

TEST_CASE("bytes that are no event are null") {
  FakeBus bus;
  gateway::EventTexts texts{bus};
  gateway::EventWriter writer{texts};
  CHECK(writer.write(known_type, "\xff\xff\xff", {}) == "null");
}

TEST_CASE("a dead letter's event stands where it was accepted, also when a redelivery of it failed") {
  FakeBus bus;
  gateway::EventTexts texts{bus};
  gateway::EventWriter writer{texts};
  v1::DeadReply::Letter letter;
  letter.set_topic("order.placed");
  letter.set_dataschema("google.protobuf.StringValue");
  letter.mutable_failure()->set_offset(90);
  const auto offset_told = [&] {
    return Json::parse(gateway::event_in(letter, encoded_event("hello"), writer))["reeloffset"];
  };
  CHECK(offset_told() == 90);
  letter.mutable_failure()->set_origin(42);
  CHECK(offset_told() == 42);
}
