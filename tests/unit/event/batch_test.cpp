#include "event/batch.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "reel/v1/event.pb.h"

using namespace reel;

namespace {

std::string two_runs() {
  BatchWriter writer;
  writer.begin_run({.source = "orders/1", .topic = "order.placed", .dataschema = "shop.v1.OrderPlaced"});
  writer.add({.id = "e1", .correlationid = "c1", .time = 7, .data = "payload"});
  writer.add({.id = "e2", .correlationid = "c2", .partitionkey = "k"}, {{"region", "eu"}, {"empty", ""}});
  writer.begin_run(
      {.source = "orders/1", .topic = "order.paid", .dataschema = "shop.v1.Paid", .chosen_ids = true});
  writer.add({.id = "e3", .correlationid = "c1", .causationid = "e1"});
  return writer.take();
}

// Everything a reader can see, as one line of text.
std::string seen(std::string_view bytes) {
  std::string text;
  BatchReader batch{bytes};
  while (auto run = batch.next_run()) {
    text += std::string{run->head.topic} + (run->head.chosen_ids ? "!" : "") + "[";
    while (auto event = run->next_event()) {
      text += std::string{event->id} + "/" + std::string{event->key()} + "=" + std::string{event->data} + ";";
    }
    text += run->malformed() ? "malformed]" : "]";
  }
  return text + (batch.malformed() ? "malformed" : "");
}

}  // namespace

TEST_CASE("what is written is read again, by us and by libprotobuf") {
  const auto bytes = two_runs();
  CHECK(seen(bytes) == "order.placed[e1/c1=payload;e2/k=;]order.paid![e3/c1=;]");

  v1::Batch batch;
  REQUIRE(batch.ParseFromString(bytes));
  REQUIRE(batch.runs_size() == 2);
  CHECK(batch.runs(0).source() == "orders/1");
  CHECK(batch.runs(0).events(0).time() == 7);
  CHECK(batch.runs(0).events(1).attributes().at("region") == "eu");
  CHECK(batch.runs(0).events(1).attributes().at("empty").empty());
  CHECK(batch.runs(1).events(0).causationid() == "e1");
  CHECK(seen(batch.SerializeAsString()) == seen(bytes));
}

TEST_CASE("two batches one behind the other are one batch") {
  CHECK(seen(two_runs() + two_runs()) == seen(two_runs()) + seen(two_runs()));
}

TEST_CASE("an envelope is the prefix of its event before the data") {
  const auto bytes = two_runs();
  BatchReader batch{bytes};
  auto run = batch.next_run();
  const auto event = run->next_event();
  const auto envelope = read_event(event->bytes.substr(0, event->envelope_bytes));
  REQUIRE(envelope);
  CHECK(envelope->id == "e1");
  CHECK(envelope->data.empty());
  CHECK(event->data == "payload");
}

TEST_CASE("further attributes are found in the order they stand") {
  const auto bytes = two_runs();
  BatchReader batch{bytes};
  auto run = batch.next_run();
  (void)run->next_event();
  const auto event = run->next_event();
  REQUIRE(event->has_attributes);
  const auto attributes = attributes_of(event->bytes);
  REQUIRE(attributes.size() == 2);
  CHECK(attributes[0].name == "region");
  CHECK(attributes[0].value == "eu");
}

TEST_CASE("fields of every length are read as they were written, and cut short they are not") {
  for (const std::size_t size : {1u, 127u, 128u, 16'383u, 16'384u, 70'000u}) {
    const std::string flow(size, 'f');
    const std::string data(size, 'd');
    std::string bytes;
    append_event(bytes, {.id = "i", .correlationid = flow, .data = data});
    const auto event = read_event(bytes);
    REQUIRE(event);
    CHECK(event->correlationid == flow);
    CHECK(event->data == data);
    v1::Event other;
    REQUIRE(other.ParseFromString(bytes));
    CHECK(other.SerializeAsString() == bytes);
    CHECK_FALSE(read_event(std::string_view{bytes}.substr(0, bytes.size() - 1)));
  }
}

TEST_CASE("foreign bytes are called malformed, never read past") {
  CHECK(seen("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") == "malformed");
  CHECK(seen(std::string{"\x0a\x7f", 2}) == "malformed");
  CHECK_FALSE(read_event(std::string_view{"\x7a\x01x\x0a\x01i", 6}));             // data before id: no prefix
  CHECK_FALSE(read_event(std::string_view{"\x08\x01", 2}));                       // id as a number
  CHECK_FALSE(read_event(std::string_view{"\x0a\x01i\x0a\x01j", 6}));             // id twice
  CHECK_FALSE(read_event(std::string_view{"\x0a\x81\x80\x80\x80\x80\x00i", 8}));  // a length of 6 bytes

  const auto whole = two_runs();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)seen(std::string{whole.substr(0, cut)});
  CHECK(rc::check("any bytes can be offered", [](const std::string& bytes) { (void)seen(bytes); }));
  CHECK(rc::check("any one byte can be wrong", [&whole] {
    auto bytes = whole;
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    (void)seen(bytes);
  }));
}
