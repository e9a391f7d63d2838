#include "event/event_json.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "event/base64.h"
#include "event/rfc3339.h"
#include "proto_folder.h"

using namespace reel;

namespace {

const char* const shop = R"(
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Colour { NONE = 0; RED = 1; GREEN = 2; }
message Item { string sku = 1; int32 quantity = 2; }
message OrderPlaced {
  string order_id = 1; int64 total_cents = 2; repeated Item items = 3; Colour colour = 4;
  map<string, int32> stock = 5; bytes raw = 6; bool express = 7; double weight = 8; uint32 small = 9;
  google.protobuf.Timestamp at = 10; google.protobuf.StringValue note = 11;
  oneof payment { string card = 12; string invoice = 13; }
  map<int32, string> by_number = 14; OrderPlaced inner = 15;
}
)";

class JsonBench {
 public:
  JsonBench()
      : schemas_{schemas_from(shop)},
        json_{schemas_,
              {{"order.placed", "shop.v1.OrderPlaced"},
               {"note.taken", "google.protobuf.StringValue"},
               {"thing.seen", "google.protobuf.Struct"},
               {"lost.schema", "shop.v1.Lost"}}} {}

  // What reading says: the error, or the event written again.
  std::string reads(std::string_view text) const {
    const auto read = json_.read(text);
    if (!read.event) return read.error;
    return writes(*read.event);
  }
  // As reads, of a payload on order.placed.
  std::string takes(std::string_view data) const {
    const auto read = json_.read_data("order.placed", data);
    if (!read.event) return read.error;
    return json_.write_data("shop.v1.OrderPlaced", read.event->data).value_or("not written");
  }
  std::string writes(const EventDraft& draft, const RecordedAt& at = {}) const {
    std::string bytes;
    const auto attributes = draft.attribute_views();
    append_event(bytes, draft.fields(), attributes);
    const auto event = read_event(bytes);
    REQUIRE(event);
    return json_.write({.source = draft.source, .topic = draft.topic, .dataschema = draft.dataschema}, *event,
                       at);
  }
  EventDraft draft(std::string_view text) const {
    auto read = json_.read(text);
    REQUIRE(read.error == "");
    return *read.event;
  }
  const EventJson& json() const { return json_; }

 private:
  SchemaSet schemas_;
  EventJson json_;
};

}  // namespace

TEST_CASE("an event is written as a CloudEvent, its keys always in the same order") {
  const JsonBench bench;
  const std::string whole =
      R"({"specversion":"1.0","id":"e1","source":"orders/1","type":"order.placed","subject":"s",)"
      R"("time":"2026-03-01T12:00:00.000000001Z","dataschema":"shop.v1.OrderPlaced","correlationid":"o-7",)"
      R"("causationid":"e0","partitionkey":"k","traceparent":"tp","tracestate":"ts","flag":"true","region":"eu",)"
      R"("retries":"3","data":{"orderId":"o-7","totalCents":"4200"}})";
  const std::string given =
      R"({"data":{"orderId":"o-7","total_cents":4200},"region":"eu","retries":3,"flag":true,"id":"e1","type":"order.placed",)"
      R"("source":"orders/1","subject":"s","time":"2026-03-01T12:00:00.000000001Z","correlationid":"o-7",)"
      R"("causationid":"e0","partitionkey":"k","traceparent":"tp","tracestate":"ts","specversion":"1.0",)"
      R"("dataschema":"shop.v1.OrderPlaced","datacontenttype":"application/json","nothing":null})";
  const auto written = bench.reads(given);
  CHECK(written == whole);
  CHECK(bench.reads(written) == written);
  CHECK(bench.writes(bench.draft(given), {.offset = 42, .log_time = 1'772'366'400'000'000'000u})
            .find(R"("reeloffset":42,"recordedtime":"2026-03-01T12:00:00Z","data":{)") != std::string::npos);
}

TEST_CASE("the short form is enough, and what is left out stays empty") {
  const JsonBench bench;
  const auto draft = bench.draft(R"({"type":"order.placed","data":{"orderId":"o-1"}})");
  CHECK(draft.topic == "order.placed");
  CHECK(draft.dataschema == "shop.v1.OrderPlaced");
  CHECK(draft.id == "");
  CHECK(draft.correlationid == "");
  CHECK(draft.data == "\x0a\x03o-1");
  CHECK(bench.draft(R"({"type":"order.placed"})").data == "");
}

TEST_CASE("what sub wrote can be published again") {
  const JsonBench bench;
  CHECK(bench.reads(R"({"type":"order.placed","reeloffset":42,"recordedtime":"2026-03-01T12:00:00Z"})") ==
        R"({"specversion":"1.0","type":"order.placed","dataschema":"shop.v1.OrderPlaced","data":{}})");
}

TEST_CASE("payloads that are no objects in JSON are read and written as protobuf has them") {
  const JsonBench bench;
  CHECK(
      bench.reads(R"({"type":"note.taken","data":"hello"})") ==
      R"({"specversion":"1.0","type":"note.taken","dataschema":"google.protobuf.StringValue","data":"hello"})");
  CHECK(
      bench.reads(R"({"type":"thing.seen","data":{"a":[1,null,{"b":true}]}})") ==
      R"({"specversion":"1.0","type":"thing.seen","dataschema":"google.protobuf.Struct","data":{"a":[1,null,{"b":true}]}})");
}

TEST_CASE("bytes that are not of their type, or whose type nobody knows, are written as base64") {
  const JsonBench bench;
  EventDraft draft{.topic = "order.placed", .dataschema = "no.such.Type", .id = "e", .data = "\xff\x01"};
  CHECK(
      bench.writes(draft) ==
      R"({"specversion":"1.0","id":"e","type":"order.placed","datacontenttype":"application/protobuf","dataschema":"no.such.Type","data_base64":"/wE="})");
  draft.dataschema = "shop.v1.OrderPlaced";
  CHECK(bench.writes(draft).ends_with(R"("data_base64":"/wE="})"));
  CHECK(bench.draft(R"({"type":"order.placed","data_base64":"CgNvLTE="})").data == "\x0a\x03o-1");
  CHECK(bench.reads(R"({"type":"order.placed","data_base64":"?"})") == "data_base64 is not base64");
  CHECK(bench.reads(R"({"type":"order.placed","data_base64":"CgNvLTE=","datacontenttype":"text/plain"})") ==
        "data_base64 holds 'text/plain', only application/protobuf can be read from it");
}

TEST_CASE("what is wrong with an envelope is said in one sentence") {
  const JsonBench bench;
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "bad JSON at line 1, column 1: unexpected end of input; expected '[', '{', or a literal"},
      {"{\"type\": \"order.placed\",\n  \"data\": {\"orderId\": tru}}",
       "bad JSON at line 2, column 26: invalid literal"},
      {R"({"type" "x"})", "bad JSON at line 1, column 11: unexpected string literal; expected ':'"},
      {"{\"type\":\"\xff\"}", "bad JSON at line 1, column 10: invalid string: ill-formed UTF-8 byte"},
      {R"({"a":1} x)", "bad JSON at line 1, column 9: invalid literal"},
      {"[]", "expected a JSON object, got array"},
      {"{}", "type is missing: the topic to publish to"},
      {R"({"type":7})", "type: expected a string, got number"},
      {R"({"type":""})", "type is empty; leave it out where there is none"},
      {R"({"type":"order.placed","type":"order.placed"})", "the key 'type' stands twice in one object"},
      {R"({"type":"order.plcaed"})", "unknown topic 'order.plcaed', did you mean 'order.placed'?"},
      {R"({"type":"order.*"})", "topic 'order.*': wildcard '*' at position 7"},
      {R"({"type":"order..placed"})", "topic 'order..placed': empty token at position 7"},
      {R"({"type":"order.placed","correlationid":""})",
       "correlationid is empty; leave it out where there is none"},
      {R"({"type":"order.placed","specversion":"0.3"})", "specversion: expected \"1.0\", got '\"0.3\"'"},
      {R"({"type":"order.placed","time":"yesterday"})",
       "time: 'yesterday' is not a time such as 2026-03-01T12:00:00Z"},
      {R"({"type":"order.placed","Region":"eu"})",
       "attribute name 'Region' may have only lower-case letters and digits"},
      {R"({"type":"order.placed","region":["eu"]})",
       "attribute 'region': expected a string, a number, true or false, got array"},
      {R"({"type":"order.placed","dataschema":"shop.v1.Foo"})",
       "topic order.placed carries shop.v1.OrderPlaced, not shop.v1.Foo"},
      {R"({"type":"order.placed","data":{},"data_base64":"eA=="})",
       "data and data_base64 exclude each other"},
      {R"({"type":"order.placed","data":{},"datacontenttype":"text/xml"})",
       "data holds 'text/xml', only application/json can be turned into shop.v1.OrderPlaced"},
      {R"({"type":"lost.schema","data":{}})",
       "there is no schema for shop.v1.Lost, which topic lost.schema carries"},
      {R"({"type":"order.placed","x":1e999})", "bad JSON: a number is out of range"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(bench.reads(c.text) == c.says);
  }
  CHECK(bench.reads(std::string(101, '[')) == "the JSON text is nested deeper than 100 levels");
  CHECK(bench.reads("{\"a\":\"" + std::string(event_json_bytes_max, 'x')) ==
        "the JSON text is 8388614 bytes long, at most 8388608 are allowed");
}

TEST_CASE("what is wrong with a payload is said with its place and what was meant") {
  const JsonBench bench;
  const struct {
    const char* data;
    const char* says;
  } cases[] = {
      {R"({"totl":1})", "data: unknown field 'totl' of shop.v1.OrderPlaced, did you mean 'totalCents'?"},
      {R"({"zzz":1})", "data: unknown field 'zzz' of shop.v1.OrderPlaced"},
      {R"({"items":[{"sku":"a"},{"skuu":"b"}]})",
       "data.items[1]: unknown field 'skuu' of shop.v1.Item, did you mean 'sku'?"},
      {R"(7)", "data: expected an object (shop.v1.OrderPlaced), got the number 7"},
      {R"({"orderId":7})", "data.orderId: expected a string, got the number 7"},
      {R"({"totalCents":"many"})", "data.totalCents: expected a whole number (int64), got the string 'many'"},
      {R"({"totalCents":1.5})", "data.totalCents: expected a whole number (int64), got the number 1.5"},
      {R"({"totalCents":"99999999999999999999"})",
       "data.totalCents: '99999999999999999999' is out of range for int64"},
      {R"({"small":-1})", "data.small: -1 is out of range for uint32"},
      {R"({"small":4294967296})", "data.small: 4294967296 is out of range for uint32"},
      {R"({"items":{}})", "data.items: expected an array, got an object"},
      {R"({"items":[7]})", "data.items[0]: expected an object (shop.v1.Item), got the number 7"},
      {R"({"colour":"REED"})", "data.colour: 'REED' is not a value of shop.v1.Colour, did you mean 'RED'?"},
      {R"({"stock":{"a":"x"}})", "data.stock['a']: expected a whole number (int32), got the string 'x'"},
      {R"({"byNumber":{"x":"y"}})",
       "data.byNumber's key: expected a whole number (int32), got the string 'x'"},
      {R"({"raw":"?"})", "data.raw: expected bytes in base64, got the string '?'"},
      {R"({"express":1})", "data.express: expected true or false, got the number 1"},
      {R"({"weight":"heavy"})", "data.weight: expected a number, got the string 'heavy'"},
      {R"({"at":7})", "data.at: expected a time such as \"2026-03-01T12:00:00Z\", got the number 7"},
      {R"({"note":7})", "data.note: expected a string, got the number 7"},
      {R"({"card":"a","invoice":"b"})", "data: 'card' and 'invoice' exclude each other"},
      {R"({"inner":{"inner":{"orderId":null,"express":"yes"}}})",
       "data.inner.inner.express: expected true or false, got the string 'yes'"},
      {R"({"at":"soon"})",
       "data is not shop.v1.OrderPlaced: '(at): invalid value Field \\'at\\', Invalid time format: soon for "
       "type type.googleapis.com/google.protobuf.Timestamp'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.data);
    CHECK(bench.takes(c.data) == c.says);
  }
  const std::string right =
      R"({"orderId":"ä","totalCents":"-9","items":[{"sku":"a","quantity":2}],"colour":"RED","stock":{"a":1},"raw":"/wE=",)"
      R"("express":true,"weight":1.5,"small":4294967295,"at":"2026-03-01T12:00:00Z","note":"n","card":"c","byNumber":{"7":"x"},"inner":{}})";
  CHECK(bench.takes(right) == right);
  CHECK(bench.takes(R"({"weight":"NaN","totalCents":1e3,"colour":2,"orderId":null})") ==
        R"({"totalCents":"1000","colour":"GREEN","weight":"NaN"})");
}

TEST_CASE("an event's attributes may stand beside its payload, which is JSON or protobuf") {
  const JsonBench bench;
  const auto read = [&bench](const std::string& content_type, std::string_view data) {
    return bench.json().read_apart(
        {{"type", "order.placed"}, {"id", "e1"}, {"datacontenttype", content_type}}, data);
  };
  const auto from_json = read("application/json", R"({"orderId":"o-1"})");
  REQUIRE(from_json.event);
  CHECK(from_json.event->id == "e1");
  CHECK(from_json.event->datacontenttype.empty());  // protobuf now
  CHECK(read("application/protobuf", from_json.event->data).event->data == from_json.event->data);
  CHECK(read("application/json", "").event->data.empty());

  CHECK(read("application/protobuf", "\xff").attribute == "data");
  CHECK(read("text/plain", "hello").attribute == "datacontenttype");
  CHECK(bench.json().read_apart({{"type", "order.placed"}, {"time", "soon"}}, "").attribute == "time");
  CHECK(bench.json().read_apart({{"id", "e1"}}, "").attribute == "type");
}

TEST_CASE("any text can be offered, and any event be written") {
  const JsonBench bench;
  CHECK(rc::check([&](const std::string& text) { (void)bench.json().read(text); }));
  const std::string whole =
      R"({"specversion":"1.0","id":"e1","type":"order.placed","data":{"items":[{"sku":"a","quantity":1}],"stock":{"x":1}}})";
  CHECK(rc::check([&] {
    auto text = whole;
    text[*rc::gen::inRange<std::size_t>(0, text.size())] =
        *rc::gen::element('"', '{', '}', '[', ']', ',', ':', '1', 'x', '\\', '\xff');
    const auto read = bench.json().read(text);
    RC_ASSERT(read.event.has_value() == read.error.empty());
  }));
  CHECK(rc::check([&](const std::string& id, const std::string& data) {
    const auto written =
        bench.writes({.topic = "order.placed", .dataschema = "shop.v1.OrderPlaced", .id = id, .data = data});
    RC_ASSERT(written.find('\n') == std::string::npos);
  }));
}

TEST_CASE("base64 is read with and without padding, in both alphabets") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(parse_base64("Zg") == "f");
  CHECK(parse_base64("_-8=") == "\xff\xef");
  CHECK_FALSE(parse_base64("Z"));
  CHECK_FALSE(parse_base64("Zg="));
  CHECK_FALSE(parse_base64("Z g="));
  CHECK(rc::check([](const std::string& bytes) { RC_ASSERT(parse_base64(base64(bytes)) == bytes); }));
}
