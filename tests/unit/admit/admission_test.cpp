#include "admit/admission.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "../event/proto_folder.h"
#include "delay/delayed_record.h"

using namespace reel;
using namespace reel::broker;

namespace {

const char* const shop = R"(
syntax = "proto3";
package shop.v1;
message OrderPlaced { string order_id = 1; Customer customer = 2; }
message Customer { string name = 1; }
message Tick { int64 cents = 1; }
)";

config::Model shop_model() {
  config::Model model;
  model.topics["order.placed"] = {.type = "shop.v1.OrderPlaced"};
  model.topics["order.paid"] = {.type = "shop.v1.OrderPlaced"};
  model.topics["price.tick"] = {.type = "shop.v1.Tick", .durable = false};
  model.topics["note.taken"] = {.type = "google.protobuf.StringValue"};
  model.broker.event_bytes_max = 4096;
  model.broker.batch_bytes_max = 1 << 20;
  return model;
}

const RunHead orders{.source = "orders/1", .topic = "order.placed", .dataschema = "shop.v1.OrderPlaced"};
const RunHead ticks{.source = "prices/1", .topic = "price.tick", .dataschema = "shop.v1.Tick"};
const std::string good_order = "\x0a\x03o-1";
const std::string bad_order = "\x12\x03\x0a\x01\xff";  // customer.name is not UTF-8

// A batch as a publisher builds it, and what admission says about it.
class Bench {
 public:
  Bench& run(const RunHead& head) {
    writer_.begin_run(head);
    return *this;
  }
  Bench& event(const EventFields& fields, const std::vector<Attribute>& attributes = {}) {
    writer_.add(fields, attributes);
    return *this;
  }
  Bench& event(const std::string& id, const std::string& data = good_order) {
    return event({.id = id, .correlationid = "c", .data = data});
  }
  Bench& raw(const std::string& bytes) {
    writer_.add_encoded(bytes);
    return *this;
  }
  const std::string& bytes() {
    if (bytes_.empty()) bytes_ = writer_.take();
    return bytes_;
  }
  Judgement judge(const std::string& service = "orders") { return admission_.judge(bytes(), service); }
  Judgement judge_bytes(const std::string& bytes) {
    bytes_ = bytes;
    return judge();
  }
  // The only refusal's reason and text, or "accepted".
  std::string says(const std::string& service = "orders") {
    const auto judged = judge(service);
    if (judged.refusals().empty()) return "accepted";
    REQUIRE(judged.refusals().size() == 1);
    return v1::RefusalReason_Name(judged.refusals()[0].reason()) + ": " + judged.refusals()[0].text();
  }

 private:
  SchemaSet schemas_ = schemas_from(shop);
  Admission admission_{shop_model(), schemas_};
  BatchWriter writer_;
  std::string bytes_;
};

// The ids of a batch's events by topic, and that its index agrees with its bytes.
std::string ids_in(const StoredBatch& batch) {
  std::string text;
  for (const auto& run : batch.runs) {
    text += std::string{run.topic} + "(";
    for (auto i = run.first_event; i < run.first_event + run.event_count; ++i) {
      const auto event = read_event(batch.events[i].bytes);
      REQUIRE(event);
      CHECK(event->envelope_bytes == batch.events[i].envelope_bytes);
      CHECK(hash_key(event->key()) == batch.events[i].key_hash);
      text += std::string{event->id} + " ";
    }
    text += ")";
  }
  std::string joined;
  for (const auto piece : batch.pieces) joined += piece;
  StoredBatch again;
  CHECK(again.append(nullptr, joined));
  CHECK(again.count() == batch.count());
  return text;
}

std::string list(const std::vector<std::uint32_t>& entries) {
  std::string text;
  for (const auto entry : entries) text += std::to_string(entry) + " ";
  return text;
}

}  // namespace

TEST_CASE("a batch in which all is right goes on as it came, without a copy") {
  Bench bench;
  bench.run(orders)
      .event("e1")
      .event("e2")
      .run({"orders/1", "order.paid", "shop.v1.OrderPlaced"})
      .event("e3");
  auto judged = bench.judge();
  CHECK(judged.refusals().empty());
  CHECK(judged.whole());
  CHECK(judged.entries() == 3);
  CHECK(judged.accepted() == 3);
  const auto frame = std::make_shared<const int>(0);
  const auto admitted = std::move(judged).admit(frame);
  CHECK(ids_in(admitted.journal) == "order.placed(e1 e2 )order.paid(e3 )");
  REQUIRE(admitted.journal.pieces.size() == 1);
  CHECK(admitted.journal.pieces[0].data() == bench.bytes().data());
  CHECK(admitted.journal.owners[0] == frame);
  CHECK(admitted.journal_entries.empty());
  CHECK(admitted.live.count() == 0);
  CHECK(admitted.live.pieces.empty());
}

TEST_CASE("one bad event is refused alone; the others go on") {
  Bench bench;
  bench.run(orders).event("e1").event("e2", bad_order).event("e3").event("", good_order);
  auto judged = bench.judge();
  REQUIRE(judged.refusals().size() == 2);
  CHECK(judged.refusals()[0].index() == 1);
  CHECK(judged.refusals()[0].text() ==
        "data is not a well-formed shop.v1.OrderPlaced: field 'customer.name' is not valid UTF-8");
  CHECK(judged.refusals()[1].index() == 3);
  CHECK(judged.refusals()[1].reason() == v1::REFUSAL_BAD_ID);
  CHECK(judged.destination(0) == Destination::journal);
  CHECK(judged.destination(1) == Destination::dropped);
  CHECK(judged.accepted() == 2);
  const auto admitted = std::move(judged).admit(nullptr);
  CHECK(ids_in(admitted.journal) == "order.placed(e1 e3 )");
  CHECK(list(admitted.journal_entries) == "0 2 ");
}

TEST_CASE("what is not durable travels apart, untouched where it is alone") {
  Bench mixed;
  mixed.run(ticks).event("t1", "").run(orders).event("e1").run(ticks).event("t2", "\x08\x05");
  const auto both = mixed.judge().admit(nullptr);
  CHECK(ids_in(both.journal) == "order.placed(e1 )");
  CHECK(list(both.journal_entries) == "1 ");
  CHECK(ids_in(both.live) == "price.tick(t1 )price.tick(t2 )");
  CHECK(list(both.live_entries) == "0 2 ");

  Bench alone;
  alone.run(ticks).event("t1", "").event("t2", "");
  const auto live = alone.judge().admit(nullptr);
  CHECK(ids_in(live.live) == "price.tick(t1 t2 )");
  CHECK(live.live.pieces[0].data() == alone.bytes().data());
  CHECK(live.journal.count() == 0);
}

TEST_CASE("the caller can drop what speaks against it elsewhere") {
  Bench bench;
  bench.run({"orders/1", "order.placed", "shop.v1.OrderPlaced", true}).event("e1").event("e2");
  auto judged = bench.judge();
  CHECK(judged.runs()[0].chosen_ids);
  judged.drop(0);
  judged.drop(0);
  CHECK(judged.accepted() == 1);
  const auto admitted = std::move(judged).admit(nullptr);
  CHECK(ids_in(admitted.journal) == "order.placed(e2 )");
  CHECK(admitted.journal.runs[0].chosen_ids);

  auto nothing = bench.judge();
  nothing.drop(0);
  nothing.drop(1);
  CHECK(std::move(nothing).admit(nullptr).journal.pieces.empty());
}

TEST_CASE(
    "an event with a delivertime becomes a record of the broker's, whatever its topic and the time are") {
  Bench bench;
  bench.run(orders)
      .event("e1")
      .event({.id = "d1",
              .correlationid = "c",
              .causationid = "e0",
              .time = 7,
              .delivertime = 1,
              .data = good_order})
      .run(ticks)
      .event({.id = "d2", .correlationid = "c", .delivertime = 2})
      .event("t1", "");
  auto judged = bench.judge();
  CHECK(judged.accepted() == 4);
  CHECK(judged.count(Destination::delayed) == 2);
  CHECK(judged.destination(2) == Destination::delayed);
  const auto second = std::string{judged.event(2).bytes};
  auto admitted = std::move(judged).admit(nullptr);
  CHECK(ids_in(admitted.journal) == "order.placed(e1 )");
  CHECK(ids_in(admitted.live) == "price.tick(t1 )");
  StoredBatch records;
  records.first_offset = 10;
  records.append_own(std::move(admitted.delayed));
  CHECK(ids_in(records) == "reel.delayed(d1 d2 )");
  CHECK(records.runs[0].source == broker_source);
  CHECK(records.runs[0].dataschema == "reel.v1.Delayed");
  const auto record = read_event(records.events[0].bytes);
  CHECK(record->correlationid == "c");
  CHECK(record->causationid == "e0");
  CHECK(record->time == 7);
  CHECK(record->delivertime == 0);
  const auto delayed = delayed_at(records, 11);
  REQUIRE(delayed);
  CHECK(delayed->due() == 2);
  CHECK(delayed->source() == "prices/1");
  CHECK(delayed->topic() == "price.tick");
  CHECK(delayed->dataschema() == "shop.v1.Tick");
  CHECK(delayed->event() == second);
}

TEST_CASE("what is refused elsewhere stands among the other refusals in order") {
  Bench bench;
  bench.run(orders).event("e0").event("").event("e2").event("").event("e4");
  auto judged = bench.judge();
  judged.refuse({0, 2, 4}, v1::REFUSAL_TOO_MANY_DELAYED, "no room");
  std::string refused;
  for (const auto& refusal : judged.refusals())
    refused += std::to_string(refusal.index()) + ":" + std::to_string(refusal.reason()) + " ";
  CHECK(refused == "0:13 1:8 2:13 3:8 4:13 ");
  CHECK(judged.refusals()[0].text() == "no room");
  CHECK(judged.accepted() == 0);
  CHECK(std::move(judged).admit(nullptr).journal.count() == 0);
}

TEST_CASE("each refusal has its reason and one sentence") {
  const std::string x10k(10'240, 'x');
  const auto says = [](const RunHead& head, const EventFields& fields) {
    return Bench{}.run(head).event(fields).says();
  };
  const EventFields good{.id = "e", .correlationid = "c", .data = good_order};
  const auto with = [&](auto change) {
    auto fields = good;
    change(fields);
    return says(orders, fields);
  };
  const auto on = [&](std::string_view topic) {
    return says({.source = "orders/1", .topic = topic, .dataschema = "shop.v1.OrderPlaced"}, good);
  };
  CHECK(says(orders, good) == "accepted");
  CHECK(on("order.plcaed") ==
        "REFUSAL_UNKNOWN_TOPIC: unknown topic 'order.plcaed', did you mean 'order.placed'?");
  CHECK(on("nothing.like.it") == "REFUSAL_UNKNOWN_TOPIC: unknown topic 'nothing.like.it'");
  CHECK(on("order.*") == "REFUSAL_BAD_TOPIC: topic 'order.*': wildcard '*' at position 7");
  CHECK(on("order..placed") == "REFUSAL_BAD_TOPIC: topic 'order..placed': empty token at position 7");
  CHECK(on("") == "REFUSAL_BAD_TOPIC: topic '': the topic is empty");
  CHECK(on(x10k) == "REFUSAL_BAD_TOPIC: topic '" + x10k.substr(0, 64) +
                        "…': the topic is 10240 bytes long, at most 256 are allowed");
  CHECK(on("a\x1b[31m") ==
        "REFUSAL_BAD_TOPIC: topic 'a\\x1b[31m': character that is not one of a-z 0-9 _ - at position 2");
  CHECK(on("reel.delivery") == "REFUSAL_SYSTEM_TOPIC: topic 'reel.delivery' belongs to the system");
  CHECK(on("reel.flow.overdue") == "REFUSAL_SYSTEM_TOPIC: topic 'reel.flow.overdue' belongs to the system");
  CHECK(says({"orders/1", "order.placed", "shop.v1.Foo"}, good) ==
        "REFUSAL_WRONG_TYPE: topic order.placed carries shop.v1.OrderPlaced, not shop.v1.Foo");
  CHECK(says({"orders/1", "order.placed", ""}, good) ==
        "REFUSAL_WRONG_TYPE: topic order.placed carries shop.v1.OrderPlaced, and the event names no type");
  CHECK(says({"", "order.placed", "shop.v1.OrderPlaced"}, good) == "REFUSAL_BAD_ATTRIBUTE: source is empty");
  CHECK(says({"reel-broker", "order.placed", "shop.v1.OrderPlaced"}, good) ==
        "REFUSAL_BAD_ATTRIBUTE: source 'reel-broker' is the broker's own");
  CHECK(says({"reel-tracker", "order.placed", "shop.v1.OrderPlaced"}, good) ==
        "REFUSAL_BAD_ATTRIBUTE: source 'reel-tracker' is the tracker's own");
  CHECK(with([](auto& e) { e.id = ""; }) == "REFUSAL_BAD_ID: event id is empty");
  CHECK(with([](auto& e) { e.correlationid = ""; }) == "REFUSAL_BAD_CORRELATION_ID: correlation id is empty");
  CHECK(with([&](auto& e) { e.correlationid = std::string_view{x10k}.substr(0, 3000); }) ==
        "REFUSAL_BAD_CORRELATION_ID: correlation id is 3000 bytes long, at most 256 are allowed");
  CHECK(with([](auto& e) { e.correlationid = "\xff"; }) ==
        "REFUSAL_BAD_CORRELATION_ID: correlation id '\\xff' is not valid UTF-8");
  CHECK(with([&](auto& e) { e.subject = std::string_view{x10k}.substr(0, 2000); }) ==
        "REFUSAL_BAD_ATTRIBUTE: subject is 2000 bytes long, at most 1024 are allowed");
  CHECK(with([&](auto& e) { e.data = x10k; }) ==
        "REFUSAL_TOO_LARGE: the event is 10249 bytes long, at most 4096 are allowed");
  CHECK(with([](auto& e) { e.data = "\x08\x01"; }) ==
        "REFUSAL_BAD_PAYLOAD: data is not a well-formed shop.v1.OrderPlaced: field 'order_id' is encoded as "
        "another "
        "wire type than its own");
  CHECK(
      with([](auto& e) { e.expirytime = e.delivertime = 1'000'000'000; }) ==
      "REFUSAL_BAD_ATTRIBUTE: expirytime 1970-01-01T00:00:01Z is not after delivertime 1970-01-01T00:00:01Z");
  CHECK(Bench{}.run(orders).event(good, {{"Bad", "x"}}).says() ==
        "REFUSAL_BAD_ATTRIBUTE: attribute name 'Bad' may have only lower-case letters and digits");
  CHECK(Bench{}.run(orders).raw("\xff").says() ==
        "REFUSAL_MALFORMED: the event's bytes are not a reel.v1.Event");
  CHECK(Bench{}.run({"n/1", "note.taken", "google.protobuf.StringValue"}).event("e", "\x0a\x02hi").says() ==
        "accepted");
}

TEST_CASE("the tracker may publish verdicts, and nobody else") {
  const RunHead verdicts{
      .source = "reel.tracker/1", .topic = "reel.flow.overdue", .dataschema = "reel.v1.FlowOverdue"};
  CHECK(Bench{}.run(verdicts).event("v1", "\x0a\x03o-1").says("reel.tracker") == "accepted");
  CHECK(Bench{}.run(verdicts).event("v1", "\x0a\x01\xff").says("reel.tracker") ==
        "REFUSAL_BAD_PAYLOAD: data is not a well-formed reel.v1.FlowOverdue: field 'correlationid' is not "
        "valid UTF-8");
  CHECK(Bench{}.run(verdicts).event("v1", "").says("payments") ==
        "REFUSAL_SYSTEM_TOPIC: topic 'reel.flow.overdue' belongs to the system");
  CHECK(
      Bench{}.run({"t/1", "reel.delivery", "reel.v1.DeliveryReport"}).event("v1", "").says("reel.tracker") ==
      "REFUSAL_SYSTEM_TOPIC: topic 'reel.delivery' belongs to the system");
}

TEST_CASE("of a batch that breaks off, what can be read is judged") {
  Bench bench;
  const auto whole = bench.run(orders).event("e1").event("e2").bytes();
  auto judged = Bench{}.judge_bytes(whole + "\x0a\x7f");
  CHECK_FALSE(judged.whole());
  CHECK(judged.entries() == 2);
  CHECK(judged.accepted() == 2);
  REQUIRE(judged.refusals().size() == 1);
  CHECK(judged.refusals()[0].index() == 2);
  CHECK(judged.refusals()[0].reason() == v1::REFUSAL_MALFORMED);
  CHECK(judged.refusals()[0].text() == "the batch cannot be read from here on");

  Bench broken;
  auto head_behind = Bench{}.run(orders).event("e1").bytes() + "\x0a\x07\x12\x01t\x2a\x00\x12\x00";
  judged = broken.judge_bytes(head_behind);
  CHECK_FALSE(judged.whole());
  const auto admitted = std::move(judged).admit(nullptr);
  CHECK(ids_in(admitted.journal) == "order.placed(e1 )");
  CHECK(list(admitted.journal_entries) == "0 ");

  Bench empty;
  CHECK(empty.judge().whole());
  CHECK(empty.judge().entries() == 0);
}

TEST_CASE("neither a large batch nor many bad events cost more than their limit") {
  const auto huge = Bench{}.judge_bytes(std::string((1 << 20) + 1, 'x'));
  REQUIRE(huge.refusals().size() == 1);
  CHECK(huge.refusals()[0].text() == "the batch is 1048577 bytes long, at most 1048576 are allowed");

  Bench many;
  many.run(orders);
  for (std::uint32_t i = 0; i <= batch_entries_max; ++i) many.raw("");
  const auto judged = many.judge();
  CHECK(judged.entries() == batch_entries_max);
  CHECK_FALSE(judged.whole());
  REQUIRE(judged.refusals().size() == batch_entries_max + 1);
  CHECK(judged.refusals()[refusal_texts_max - 1].text() == "event id is empty");
  CHECK(judged.refusals()[refusal_texts_max].text() == "");
  CHECK(judged.refusals()[refusal_texts_max].reason() == v1::REFUSAL_BAD_ID);
  CHECK(judged.refusals().back().reason() == v1::REFUSAL_TOO_LARGE);
}

TEST_CASE("a topic whose type has no schema is not started with") {
  auto model = shop_model();
  model.topics["lost"] = {.type = "shop.v1.Lost"};
  const auto schemas = schemas_from(shop);
  CHECK_THROWS_WITH(Admission(model, schemas),
                    "there is no schema for shop.v1.Lost, which topic lost carries");
}

TEST_CASE("what is refused afterwards stands in order beside what was refused before") {
  Bench bench;
  auto judged = bench.run(orders).event("e1").event("").event("e3").run(ticks).event("t1", "").judge();
  judged.refuse(
      v1::REFUSAL_JOURNAL_UNAVAILABLE, "the disk is full",
      [](const StoredRun&, Destination destination) { return destination == Destination::journal; });
  std::string told;
  for (const auto& refusal : judged.refusals()) {
    told += std::to_string(refusal.index()) + " " + v1::RefusalReason_Name(refusal.reason()) + "; ";
  }
  CHECK(told == "0 REFUSAL_JOURNAL_UNAVAILABLE; 1 REFUSAL_BAD_ID; 2 REFUSAL_JOURNAL_UNAVAILABLE; ");
  CHECK(judged.accepted() == 1);
  const auto admitted = std::move(judged).admit(nullptr);
  CHECK(admitted.journal.count() == 0);
  CHECK(admitted.live.count() == 1);
}

TEST_CASE("any bytes are judged, and what is accepted can be stored") {
  Bench source;
  const auto whole = source.run(orders).event("e1").event("e2").run(ticks).event("t1", "").bytes();
  Bench bench;
  CHECK(rc::check([&] {
    auto bytes = whole;
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    auto judged = bench.judge_bytes(bytes);
    const auto accepted = judged.accepted();
    RC_ASSERT(accepted + judged.refusals().size() == judged.entries() + (judged.whole() ? 0u : 1u));
    const auto admitted = std::move(judged).admit(nullptr);
    RC_ASSERT(admitted.journal.count() + admitted.live.count() == accepted);
    (void)ids_in(admitted.journal);
    (void)ids_in(admitted.live);
  }));
}

TEST_CASE("a topic that names its publishers takes nothing from others") {
  auto model = shop_model();
  model.topics["order.paid"].publishers = {"billing", "desk"};
  const auto schemas = schemas_from(shop);
  const Admission admission{model, schemas};
  BatchWriter writer;
  writer.begin_run({.source = "orders/1", .topic = "order.paid", .dataschema = "shop.v1.OrderPlaced"});
  writer.add({.id = "1", .correlationid = "c", .data = good_order});
  const auto bytes = writer.take();
  CHECK(admission.judge(bytes, "billing").accepted() == 1);
  const auto judged = admission.judge(bytes, "orders");
  REQUIRE(judged.refusals().size() == 1);
  CHECK(judged.refusals()[0].reason() == v1::REFUSAL_NOT_ALLOWED);
  CHECK(judged.refusals()[0].text() ==
        "'orders' may not publish order.paid: its publishers are billing, desk");
}
