#include "event/event_pattern.h"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>

#include "event/event_json.h"
#include "proto_folder.h"

using namespace reel;

namespace {

const char* const order_proto = R"(
syntax = "proto3";
package t;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/any.proto";
enum Colour { NONE = 0; RED = 1; GREEN = 2; }
message Line { string sku = 1; uint32 quantity = 2; repeated string tags = 3; Line bundle = 4; repeated Line parts = 5; }
message Order {
  string order_id = 1; uint64 total_cents = 2; int64 balance = 3; int32 count = 4; double weight = 5;
  float ratio = 6; bool express = 7; Colour colour = 8; bytes raw = 9; repeated Line lines = 10;
  optional string note = 11; map<string, string> labels = 12; map<int32, Line> by_number = 13;
  repeated uint32 numbers = 14; google.protobuf.Struct extra = 15; google.protobuf.Timestamp placed_at = 16;
  google.protobuf.Duration age = 17; google.protobuf.StringValue nick = 18; google.protobuf.Any any = 19;
  Line first = 20; repeated Colour colours = 21; string ip = 22;
}
)";

// A mesh with one type, and what a pattern says of events written as JSON.
class PatternBench {
 public:
  /// "yes", "no", or why the pattern is none.
  std::string says(const std::string& pattern, const std::string& data, const std::string& envelope = "") {
    const auto compiled = EventPattern::compile(pattern);
    if (!compiled.pattern) return compiled.error.text();
    return with_event(data, envelope, [&](JudgedEvent& event) {
      const bool yes = compiled.pattern->matches(event);
      CHECK(yes == !compiled.pattern->explain(event));
      return std::string{yes ? "yes" : "no"};
    });
  }
  /// The same for `data` only.
  std::string asks(const std::string& fields, const std::string& data) {
    return says(R"({"data": )" + fields + "}", data);
  }
  std::string why(const std::string& pattern, const std::string& data) {
    const auto compiled = EventPattern::compile(pattern);
    if (!compiled.pattern) return compiled.error.text();
    return with_event(data, "", [&](JudgedEvent& event) -> std::string {
      const auto mismatch = compiled.pattern->explain(event);
      if (!mismatch) return "matches";
      const auto of = mismatch->combinations == 1 ? "" : " of " + std::to_string(mismatch->combinations);
      return mismatch->path + ": expected " + mismatch->expected + ", got " + mismatch->actual + of;
    });
  }
  /// What compiling says where the type is known.
  std::string strictly(const std::string& pattern) {
    const auto compiled = EventPattern::compile(pattern, schemas_.find("t.Order"));
    return compiled.pattern ? "fine" : compiled.error.text();
  }
  template <typename Ask>
  std::string with_event(const std::string& data, const std::string& envelope, Ask ask) {
    const EventJson json{schemas_, {{"order.placed", "t.Order"}}};
    const auto read =
        json.read(R"({"type": "order.placed", "source": "orders/1", "data": )" + data + envelope + "}");
    REQUIRE_MESSAGE(read.event, read.error);
    std::string bytes;
    append_event(bytes, read.event->fields(), read.event->attribute_views());
    const auto event = read_event(bytes);
    const RunHead head{.source = "orders/1", .topic = "order.placed", .dataschema = "t.Order"};
    JudgedEvent judged{head, *event, parser_};
    return ask(judged);
  }
  const SchemaSet& schemas() const { return schemas_; }
  PayloadParser& parser() { return parser_; }

 private:
  SchemaSet schemas_ = schemas_from(order_proto);
  PayloadParser parser_{schemas_};
};

struct Row {
  const char* fields;
  const char* data;
  const char* verdict;
};

void check(PatternBench& bench, std::initializer_list<Row> rows) {
  for (const auto& row : rows) {
    CAPTURE(row.fields);
    CAPTURE(row.data);
    CHECK(bench.asks(row.fields, row.data) == row.verdict);
  }
}

}  // namespace

TEST_CASE("a list holds the values that are wanted, as JSON has them") {
  PatternBench bench;
  check(bench, {
                   {R"({"orderId": ["o-1"]})", R"({"orderId": "o-1"})", "yes"},
                   {R"({"order_id": ["o-1"]})", R"({"orderId": "o-1"})", "yes"},
                   {R"({"orderId": ["o-1", "o-2"]})", R"({"orderId": "o-2"})", "yes"},
                   {R"({"orderId": ["o-1"]})", R"({"orderId": "O-1"})", "no"},
                   {R"({"orderId": [""]})", R"({})", "yes"},
                   {R"({"count": [4]})", R"({"count": 4})", "yes"},
                   {R"({"count": [4.0]})", R"({"count": 4})", "yes"},
                   {R"({"count": ["4"]})", R"({"count": 4})", "no"},
                   {R"({"orderId": [4]})", R"({"orderId": "4"})", "no"},
                   {R"({"count": [0]})", R"({})", "yes"},
                   {R"({"express": [true]})", R"({"express": true})", "yes"},
                   {R"({"express": [false]})", R"({})", "yes"},
                   {R"({"express": ["true"]})", R"({"express": true})", "no"},
                   {R"({"weight": [0.1]})", R"({"weight": 0.1})", "yes"},
                   {R"({"ratio": [0.1]})", R"({"ratio": 0.1})", "yes"},
                   {R"({"weight": ["NaN"]})", R"({"weight": "NaN"})", "yes"},
                   {R"({"weight": [{"numeric": [">", 0]}]})", R"({"weight": "NaN"})", "no"},
                   {R"({"colour": ["RED"]})", R"({"colour": "RED"})", "yes"},
                   {R"({"colour": [1]})", R"({"colour": "RED"})", "yes"},
                   {R"({"colour": ["GREEN"]})", R"({"colour": "RED"})", "no"},
                   {R"({"colour": [7]})", R"({"colour": 7})", "yes"},
                   {R"({"raw": ["aGk="]})", R"({"raw": "aGk="})", "yes"},
                   {R"({"nothing": ["x"]})", R"({"orderId": "x"})", "no"},
               });
}

TEST_CASE("64-bit integers are compared exactly, and as the strings that JSON has for them") {
  PatternBench bench;
  check(bench,
        {
            {R"({"totalCents": [9007199254740993]})", R"({"totalCents": "9007199254740993"})", "yes"},
            {R"({"totalCents": [9007199254740993]})", R"({"totalCents": "9007199254740992"})", "no"},
            {R"({"totalCents": ["9007199254740993"]})", R"({"totalCents": "9007199254740993"})", "yes"},
            {R"({"totalCents": [18446744073709551615]})", R"({"totalCents": "18446744073709551615"})", "yes"},
            {R"({"balance": [-9223372036854775808]})", R"({"balance": "-9223372036854775808"})", "yes"},
            {R"({"totalCents": [{"numeric": [">", 9007199254740992]}]})",
             R"({"totalCents": "9007199254740993"})", "yes"},
            {R"({"totalCents": [{"numeric": ["=", 9007199254740993]}]})",
             R"({"totalCents": "9007199254740994"})", "no"},
            {R"({"balance": [{"numeric": ["<", 0]}]})", R"({"balance": "-1"})", "yes"},
        });
}

TEST_CASE("every operator says yes and no") {
  PatternBench bench;
  check(
      bench,
      {
          {R"({"orderId": [{"prefix": "o-"}]})", R"({"orderId": "o-1"})", "yes"},
          {R"({"orderId": [{"prefix": "o-"}]})", R"({"orderId": "O-1"})", "no"},
          {R"({"orderId": [{"prefix": {"equals-ignore-case": "o-"}}]})", R"({"orderId": "O-1"})", "yes"},
          {R"({"orderId": [{"suffix": "-1"}]})", R"({"orderId": "o-1"})", "yes"},
          {R"({"orderId": [{"suffix": "-1"}]})", R"({"orderId": "1"})", "no"},
          {R"({"orderId": [{"suffix": {"equals-ignore-case": "PNG"}}]})", R"({"orderId": "a.png"})", "yes"},
          {R"({"orderId": [{"equals-ignore-case": "O-A"}]})", R"({"orderId": "o-a"})", "yes"},
          {R"({"orderId": [{"equals-ignore-case": "O-A"}]})", R"({"orderId": "o-ab"})", "no"},
          {R"({"orderId": [{"wildcard": "o-*-x"}]})", R"({"orderId": "o-123-x"})", "yes"},
          {R"({"orderId": [{"wildcard": "o-*-x"}]})", R"({"orderId": "o-x"})", "no"},
          {R"({"orderId": [{"wildcard": "*a*b*"}]})", R"({"orderId": "xaxbx"})", "yes"},
          {R"({"orderId": [{"wildcard": "*a*b*"}]})", R"({"orderId": "xbxa"})", "no"},
          {R"({"orderId": [{"wildcard": "a*a"}]})", R"({"orderId": "a"})", "no"},
          {R"({"orderId": [{"wildcard": "*"}]})", R"({})", "yes"},
          {R"({"orderId": [{"wildcard": "a\\*b\\\\"}]})", R"({"orderId": "a*b\\"})", "yes"},
          {R"({"orderId": [{"wildcard": "a\\*b"}]})", R"({"orderId": "axb"})", "no"},
          {R"({"orderId": [{"anything-but": "o-1"}]})", R"({"orderId": "o-2"})", "yes"},
          {R"({"orderId": [{"anything-but": "o-1"}]})", R"({"orderId": "o-1"})", "no"},
          {R"({"orderId": [{"anything-but": ["o-1", "o-2"]}]})", R"({"orderId": "o-2"})", "no"},
          {R"({"count": [{"anything-but": [1, 2]}]})", R"({"count": 3})", "yes"},
          {R"({"count": [{"anything-but": 1}]})", R"({"count": 1})", "no"},
          {R"({"orderId": [{"anything-but": {"prefix": "o-"}}]})", R"({"orderId": "o-1"})", "no"},
          {R"({"orderId": [{"anything-but": {"prefix": ["o-", "p-"]}}]})", R"({"orderId": "q-1"})", "yes"},
          {R"({"orderId": [{"anything-but": {"suffix": [".png", ".jpg"]}}]})", R"({"orderId": "a.jpg"})",
           "no"},
          {R"({"orderId": [{"anything-but": {"equals-ignore-case": ["A", "B"]}}]})", R"({"orderId": "b"})",
           "no"},
          {R"({"orderId": [{"anything-but": {"wildcard": "*/lib/*"}}]})", R"({"orderId": "a/lib/b"})", "no"},
          {R"({"note": [{"anything-but": "x"}]})", R"({})", "no"},
          {R"({"count": [{"numeric": ["=", 5]}]})", R"({"count": 5})", "yes"},
          {R"({"count": [{"numeric": ["<", 5]}]})", R"({"count": 5})", "no"},
          {R"({"count": [{"numeric": ["<=", 5]}]})", R"({"count": 5})", "yes"},
          {R"({"count": [{"numeric": [">", 5]}]})", R"({"count": 6})", "yes"},
          {R"({"count": [{"numeric": [">=", 5.5]}]})", R"({"count": 5})", "no"},
          {R"({"count": [{"numeric": [">", 0, "<=", 5]}]})", R"({"count": 0})", "no"},
          {R"({"count": [{"numeric": [">", 0, "<=", 5]}]})", R"({"count": 5})", "yes"},
          {R"({"orderId": [{"numeric": ["=", 5]}]})", R"({"orderId": "5"})", "no"},
          {R"({"ip": [{"cidr": "10.0.0.0/24"}]})", R"({"ip": "10.0.0.255"})", "yes"},
          {R"({"ip": [{"cidr": "10.0.0.0/24"}]})", R"({"ip": "10.0.1.0"})", "no"},
          {R"({"ip": [{"cidr": "10.0.0.77/28"}]})", R"({"ip": "10.0.0.64"})", "yes"},
          {R"({"ip": [{"cidr": "0.0.0.0/0"}]})", R"({"ip": "8.8.8.8"})", "yes"},
          {R"({"ip": [{"cidr": "0.0.0.0/0"}]})", R"({"ip": "::1"})", "no"},
          {R"({"ip": [{"cidr": "2001:db8::/33"}]})", R"({"ip": "2001:db8:7fff::1"})", "yes"},
          {R"({"ip": [{"cidr": "2001:db8::/33"}]})", R"({"ip": "2001:db8:8000::1"})", "no"},
          {R"({"ip": [{"cidr": "10.0.0.0/8"}]})", R"({"ip": "ten"})", "no"},
          {R"({"note": [{"exists": true}]})", R"({"note": ""})", "yes"},
          {R"({"note": [{"exists": true}]})", R"({})", "no"},
          {R"({"note": [{"exists": false}]})", R"({})", "yes"},
          {R"({"note": [{"exists": false}]})", R"({"note": "x"})", "no"},
          {R"({"note": [{"exists": false}, "x"]})", R"({"note": "x"})", "yes"},
          {R"({"orderId": [{"exists": true}]})", R"({})", "yes"},
          {R"({"first": [{"exists": true}]})", R"({"first": {"sku": "a"}})", "no"},
          {R"({"first": {"sku": [{"exists": false}]}})", R"({})", "yes"},
      });
}

TEST_CASE("all fields must match, and one value of each list") {
  PatternBench bench;
  check(bench, {
                   {R"({"orderId": ["a"], "count": [1, 2]})", R"({"orderId": "a", "count": 2})", "yes"},
                   {R"({"orderId": ["a"], "count": [1, 2]})", R"({"orderId": "a", "count": 3})", "no"},
                   {R"({"orderId": ["b"], "count": [1, 2]})", R"({"orderId": "a", "count": 2})", "no"},
               });
}

TEST_CASE("a list in the event matches where one of its elements does") {
  PatternBench bench;
  check(bench, {
                   {R"({"numbers": [2, 9]})", R"({"numbers": [1, 2, 3]})", "yes"},
                   {R"({"numbers": [9]})", R"({"numbers": [1, 2, 3]})", "no"},
                   {R"({"numbers": [{"exists": true}]})", R"({"numbers": []})", "no"},
                   {R"({"numbers": [{"exists": false}]})", R"({"numbers": []})", "yes"},
                   {R"({"numbers": [{"anything-but": 1}]})", R"({"numbers": [1]})", "no"},
                   {R"({"numbers": [{"anything-but": 1}]})", R"({"numbers": [1, 2]})", "yes"},
                   {R"({"colours": ["GREEN"]})", R"({"colours": ["RED", "GREEN"]})", "yes"},
               });
}

TEST_CASE("fields of different elements of one array never match together") {
  PatternBench bench;
  const auto* const two_lines = R"({"lines": [{"sku": "a", "quantity": 1, "tags": ["x", "y"]},
                                              {"sku": "b", "quantity": 2, "parts": [{"sku": "p"}]}]})";
  check(bench, {
                   {R"({"lines": {"sku": ["a"], "quantity": [1]}})", two_lines, "yes"},
                   {R"({"lines": {"sku": ["a"], "quantity": [2]}})", two_lines, "no"},
                   {R"({"lines": {"sku": ["a"], "tags": ["y"]}})", two_lines, "yes"},
                   {R"({"lines": {"sku": ["a"], "parts": {"sku": ["p"]}}})", two_lines, "no"},
                   {R"({"lines": {"sku": ["b"], "parts": {"sku": ["p"]}}})", two_lines, "yes"},
                   {R"({"lines": {"sku": ["b"], "tags": [{"exists": false}]}})", two_lines, "yes"},
                   {R"({"lines": {"sku": ["a"], "tags": [{"exists": false}]}})", two_lines, "no"},
                   {R"({"lines": {"sku": [{"exists": false}]}})", R"({"lines": []})", "yes"},
                   // Nor from two sides of an $or.
                   {R"({"lines": {"sku": ["a"]}, "$or": [{"lines": {"quantity": [2]}}, {"count": [7]}]})",
                    two_lines, "no"},
                   {R"({"lines": {"sku": ["a"]}, "$or": [{"lines": {"quantity": [1]}}, {"count": [7]}]})",
                    two_lines, "yes"},
               });
}

TEST_CASE("$or takes one of its alternatives, together with what stands beside it") {
  PatternBench bench;
  const auto* const either =
      R"({"orderId": ["a"], "$or": [{"count": [1]}, {"express": [true], "weight": [2]}]})";
  check(bench,
        {
            {either, R"({"orderId": "a", "count": 1})", "yes"},
            {either, R"({"orderId": "a", "express": true, "weight": 2})", "yes"},
            {either, R"({"orderId": "a", "express": true})", "no"},
            {either, R"({"orderId": "b", "count": 1})", "no"},
            {R"({"$or": [{"$or": [{"count": [1]}, {"count": [2]}]}, {"express": [true]}]})",
             R"({"count": 2})", "yes"},
            {R"({"first": {"$or": [{"sku": ["a"]}, {"quantity": [3]}]}})", R"({"first": {"quantity": 3}})",
             "yes"},
            {R"({"count": [1, 2], "$or": [{"count": [2, 3]}, {"count": [4]}]})", R"({"count": 1})", "no"},
            {R"({"count": [1, 2], "$or": [{"count": [2, 3]}, {"count": [4]}]})", R"({"count": 2})", "yes"},
        });
  CHECK(bench.says(R"({"$or": [{"source": ["x"]}, {"data": {"count": [1]}}]})", R"({"count": 1})") == "yes");
}

TEST_CASE("maps and protobuf's own types are asked as their JSON looks") {
  PatternBench bench;
  const auto* const event = R"({"labels": {"env": "prod"}, "byNumber": {"7": {"sku": "a", "quantity": 2}},
      "extra": {"deep": {"list": [1, "two", {"three": null}], "on": true}}, "placedAt": "2026-03-01T12:00:00Z",
      "age": "1.500s", "nick": "N", "any": {"@type": "type.googleapis.com/t.Line", "sku": "s"}})";
  check(bench, {
                   {R"({"labels": {"env": ["prod"]}})", event, "yes"},
                   {R"({"labels": {"region": [{"exists": false}]}})", event, "yes"},
                   {R"({"byNumber": {"7": {"sku": ["a"], "quantity": [2]}}})", event, "yes"},
                   {R"({"byNumber": {"8": {"sku": ["a"]}}})", event, "no"},
                   {R"({"extra": {"deep": {"list": ["two"]}}})", event, "yes"},
                   {R"({"extra": {"deep": {"list": {"three": [null]}}}})", event, "yes"},
                   {R"({"extra": {"deep": {"on": [true]}}})", event, "yes"},
                   {R"({"extra": {"deep": {"off": [{"exists": false}]}}})", event, "yes"},
                   {R"({"placedAt": [{"prefix": "2026-03-01"}]})", event, "yes"},
                   {R"({"age": ["1.500s"]})", event, "yes"},
                   {R"({"nick": ["N"]})", event, "yes"},
                   {R"({"nick": [{"exists": false}]})", R"({})", "yes"},
                   {R"({"any": {"@type": [{"suffix": "/t.Line"}]}})", event, "yes"},
                   {R"({"any": {"sku": ["s"]}})", event, "no"},
               });
}

TEST_CASE("the envelope is asked by CloudEvents' names") {
  PatternBench bench;
  const auto* const envelope =
      R"(, "id": "e-1", "correlationid": "flow-7", "subject": "a/b.png", "time": "2026-03-01T12:00:00Z", "tenant": "eu")";
  const std::pair<const char*, const char*> rows[] = {
      {R"({"type": ["order.placed"]})", "yes"},
      {R"({"source": [{"prefix": "orders/"}]})", "yes"},
      {R"({"dataschema": ["t.Order"]})", "yes"},
      {R"({"id": ["e-1"], "correlationid": [{"wildcard": "flow-*"}]})", "yes"},
      {R"({"subject": [{"suffix": ".png"}]})", "yes"},
      {R"({"time": [{"prefix": "2026-03"}]})", "yes"},
      {R"({"tenant": ["eu", "us"]})", "yes"},
      {R"({"tenant": [{"anything-but": "eu"}]})", "no"},
      {R"({"region": [{"exists": false}]})", "yes"},
      {R"({"causationid": [{"exists": false}]})", "yes"},
      {R"({"datacontenttype": ["application/protobuf"]})", "yes"},
      {R"({"specversion": ["1.0"]})", "yes"},
      {R"({"reelreplayed": [false]})", "yes"},
      {R"({"expirytime": [{"exists": true}]})", "no"},
      {R"({"tenant": ["eu"], "data": {"count": [1]}})", "yes"},
      {R"({"tenant": ["us"], "data": {"count": [1]}})", "no"},
  };
  for (const auto& [pattern, verdict] : rows) {
    CAPTURE(pattern);
    CHECK(bench.says(pattern, R"({"count": 1})", envelope) == verdict);
  }
}

TEST_CASE("a payload that cannot be read has no fields, and is not looked at for the envelope's sake") {
  PatternBench bench;
  const google::protobuf::LogSilencer quiet;
  const RunHead head{.source = "s", .topic = "order.placed", .dataschema = "t.Order"};
  EventView event;
  event.data = "\xff\xff\xff";
  const auto says = [&](const char* pattern) {
    JudgedEvent judged{head, event, bench.parser()};
    return EventPattern::compile(pattern).pattern->matches(judged);
  };
  CHECK(!says(R"({"data": {"count": [0]}})"));
  CHECK(says(R"({"data": {"count": [{"exists": false}]}})"));
  CHECK(says(R"({"source": ["s"]})"));
  CHECK(!EventPattern::compile(R"({"source": ["s"]})").pattern->looks_at_data());
  CHECK(EventPattern::compile(R"({"$or": [{"source": ["s"]}, {"data": {"a": [1]}}]})")
            .pattern->looks_at_data());
}

TEST_CASE("an event that does not match says which field said no first") {
  PatternBench bench;
  const auto* const event =
      R"({"orderId": "o-1", "totalCents": "4200", "express": true, "numbers": [1, 2, 3, 4, 5, 6],
                               "lines": [{"sku": "a", "quantity": 1}, {"sku": "b", "quantity": 2}]})";
  const std::pair<const char*, const char*> rows[] = {
      {R"({"data": {"orderId": ["o-1"]}})", "matches"},
      {R"({"data": {"totalCents": [{"numeric": [">=", 100000]}]}})",
       R"(data.totalCents: expected [{"numeric":[">=",100000]}], got "4200")"},
      {R"({"data": {"express": [true], "orderId": ["o-2", "o-3"]}})",
       R"(data.orderId: expected ["o-2","o-3"], got "o-1")"},
      {R"({"data": {"note": ["x"]}, "source": ["y"]})", R"(source: expected ["y"], got "orders/1")"},
      {R"({"data": {"note": ["x"]}})", R"(data.note: expected ["x"], got absent)"},
      {R"({"data": {"numbers": [9]}})", R"(data.numbers: expected [9], got 1, 2, 3, 4, 5, …)"},
      {R"({"data": {"lines": {"sku": ["b"], "quantity": [1]}}})",
       R"(data.lines[1].quantity: expected [1], got 2)"},
      {R"({"data": {"lines": ["a"]}})", R"(data.lines: expected ["a"], got objects)"},
      {R"({"data": {"first": {"sku": ["b"]}}})", R"(data.first.sku: expected ["b"], got absent)"},
      {R"({"data": {"$or": [{"orderId": ["x"]}, {"express": [true], "orderId": ["y"]}]}})",
       R"(data.orderId: expected ["y"], got "o-1" of 2)"},
  };
  for (const auto& [pattern, answer] : rows) {
    CAPTURE(pattern);
    CHECK(bench.why(pattern, event) == answer);
  }
}

TEST_CASE("a pattern that is none is refused with its place and a reason") {
  PatternBench bench;
  const std::pair<const char*, const char*> rows[] = {
      {R"()", "bad JSON at line 1, column 1: unexpected end of input; expected '[', '{', or a literal"},
      {R"([])", "expected an object, got []"},
      {R"({})", "the object is empty"},
      {R"({"data": {}})", "data: the object is empty"},
      {R"({"data": {"a": []}})", "data.a: the list is empty, which nothing matches"},
      {R"({"data": {"a": "x"}})", "data.a: expected a list such as [\"x\"], or an object of fields"},
      {R"({"data": {"a": {"prefix": "x"}}})",
       R"(data.a.prefix: an operator stands in a list: [{"prefix": "x"}])"},
      {R"({"data": {"a": {"numeric": [">", 1]}}})",
       R"(data.a.numeric: an operator stands in a list: [{"numeric": [">",1]}])"},
      {R"({"data": {"a": {"anything-but": ["x"]}}})",
       R"(data.a.anything-but: an operator stands in a list: [{"anything-but": ["x"]}])"},
      {R"({"data": {"a": [{"prefx": "x"}]}})", "data.a[0]: unknown operator 'prefx', did you mean 'prefix'?"},
      {R"({"data": {"a": ["x", {"prefix": 1}]}})", "data.a[1].prefix: expected a string, got 1"},
      {R"({"data": {"a": [{"prefix": {"ignore": "x"}}]}})",
       R"(data.a[0].prefix: expected a string or {"equals-ignore-case": a string}, got {"ignore":"x"})"},
      {R"({"data": {"a": [{"suffix": "x", "prefix": "y"}]}})",
       R"(data.a[0]: an operator is an object with one key, got {"suffix":"x","prefix":"y"})"},
      {R"({"data": {"a": [{"wildcard": "a**b"}]}})",
       "data.a[0].wildcard: two '*' behind each other say no more than one"},
      {R"({"data": {"a": [{"wildcard": "a\\b"}]}})",
       "data.a[0].wildcard: a backslash stands only before '*' or another backslash"},
      {R"({"data": {"a": [{"numeric": [">"]}]}})",
       R"(data.a[0].numeric: expected a comparison such as [">=", 10] or [">", 0, "<=", 5], got [">"])"},
      {R"({"data": {"a": [{"numeric": ["=>", 1]}]}})",
       R"(data.a[0].numeric[0]: expected one of = < <= > >=, got "=>")"},
      {R"({"data": {"a": [{"numeric": [">", "1"]}]}})",
       R"(data.a[0].numeric[1]: expected a number, got "1")"},
      {R"({"data": {"a": [{"numeric": [">", 1, ">", 2]}]}})",
       "data.a[0].numeric[2]: both comparisons are for the same end"},
      {R"({"data": {"a": [{"numeric": [">", 1, "=", 2]}]}})", R"(data.a[0].numeric[2]: "=" stands alone)"},
      {R"({"data": {"a": [{"numeric": [">", 2, "<", 1]}]}})",
       R"(data.a[0].numeric: no number is in this range: [">",2,"<",1])"},
      {R"({"data": {"a": [{"cidr": "10.0.0.0"}]}})",
       R"(data.a[0].cidr: expected a network such as 10.0.0.0/8 or 2001:db8::/32, got "10.0.0.0")"},
      {R"({"data": {"a": [{"cidr": "10.0.0.0/33"}]}})",
       R"(data.a[0].cidr: expected a network such as 10.0.0.0/8 or 2001:db8::/32, got "10.0.0.0/33")"},
      {R"({"data": {"a": [{"exists": "yes"}]}})", R"(data.a[0].exists: expected true or false, got "yes")"},
      {R"({"data": {"a": [{"anything-but": []}]}})", "data.a[0].anything-but: the list is empty"},
      {R"({"data": {"a": [{"anything-but": {"numeric": 1}}]}})",
       "data.a[0].anything-but: expected a value, a list of values, or one of prefix, suffix, "
       "equals-ignore-case, "
       R"(wildcard, got {"numeric":1})"},
      {R"({"data": {"a": [{"anything-but": {"prefix": [1]}}]}})",
       "data.a[0].anything-but.prefix[0]: expected a string, got 1"},
      {R"({"data": {"a": [["x"]]}})", R"(data.a[0]: expected a single value, got ["x"])"},
      {R"({"$or": {"a": ["x"]}})", R"($or: expected a list of objects, got {"a":["x"]})"},
      {R"({"$or": []})", "$or: expected a list of objects, got []"},
      {R"({"$or": [{"source": ["a"]}, 7]})", "$or[1]: expected an object, got 7"},
      {R"({"source": ["a"], "source": ["b"]})", "the key 'source' stands twice in one object"},
      {R"({"source": {"a": ["b"]}})",
       "source: an attribute of the envelope is a single value; fields of the payload stand under 'data'"},
      {R"({"source": [1]})", "source[0]: the attribute's value is a string, this never matches"},
      {R"({"reelreplayed": ["yes"]})", "reelreplayed[0]: the attribute is true or false, this never matches"},
      {R"({"correlationId": ["a"]})",
       "correlationId: attribute name 'correlationId' may have only lower-case letters and digits, did you "
       "mean "
       "'correlationid'?"},
      {R"({"reeloffset": ["1"]})",
       "reeloffset: is not known when events are judged: it comes with the event's place in the journal"},
  };
  for (const auto& [pattern, error] : rows) {
    CAPTURE(pattern);
    CHECK(bench.says(pattern, "{}") == error);
  }
}

TEST_CASE("where the type is known, what can never match is refused") {
  PatternBench bench;
  const std::pair<const char*, const char*> rows[] = {
      {R"({"data": {"totalCents": [{"numeric": [">=", 100000]}]}})", "fine"},
      {R"({"data": {"labels": {"any": ["x"]}, "byNumber": {"1": {"sku": ["a"]}}}})", "fine"},
      {R"({"data": {"extra": {"what": {"ever": [1]}}, "note": [{"exists": false}]}})", "fine"},
      {R"({"data": {"first": {"sku": [{"exists": false}]}, "numbers": [{"exists": false}]}})", "fine"},
      {R"({"data": {"placedAt": [{"prefix": "2026"}], "nick": [{"exists": false}]}})", "fine"},
      {R"({"data": {"totlCents": [1]}})",
       "data.totlCents: t.Order has no such field, did you mean 'totalCents'?"},
      {R"({"$or": [{"data": {"lines": {"skuu": ["a"]}}}]})",
       "$or[0].data.lines.skuu: t.Line has no such field, did you mean 'sku'?"},
      {R"({"data": ["x"]})", "data[0]: is of type t.Order, not a single value; name a field of it"},
      {R"({"data": {"lines": ["x"]}})",
       "data.lines[0]: is of type t.Line, not a single value; name a field of it"},
      {R"({"data": {"lines": [{"exists": true}]}})",
       "data.lines[0]: is of type t.Line, not a single value; name a field of it"},
      {R"({"data": {"labels": ["x"]}})", "data.labels[0]: is a map, not a single value; name a field of it"},
      {R"({"data": {"orderId": {"x": ["y"]}}})", "data.orderId: is of type string, which has no fields"},
      {R"({"data": {"orderId": [5]}})", "data.orderId[0]: is of type string, this never matches"},
      {R"({"data": {"count": ["5"]}})", "data.count[0]: is of type int32, this never matches"},
      {R"({"data": {"express": [{"prefix": "t"}]}})", "data.express[0]: is of type bool, this never matches"},
      {R"({"data": {"colour": ["REED"]}})",
       "data.colour[0]: 'REED' is not a value of t.Colour, did you mean 'RED'?"},
      {R"({"data": {"orderId": [{"exists": false}]}})",
       "data.orderId[0]: is always there: a field that is not 'optional' has its default value where nothing "
       "was "
       "written, so ask for that"},
  };
  for (const auto& [pattern, error] : rows) {
    CAPTURE(pattern);
    CHECK(bench.strictly(pattern) == error);
  }
}

TEST_CASE("hostile patterns meet a limit") {
  PatternBench bench;
  CHECK(bench.says(std::string(9000, ' '), "{}") ==
        "the JSON text is 9000 bytes long, at most 8192 are allowed");
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += R"({"a":)";
  CHECK(bench.says(deep, "{}") == "the JSON text is nested deeper than 32 levels");

  std::string many = R"({"data":{"a":[1)";
  for (int i = 0; i < 600; ++i) many += ",1";
  CHECK(bench.says(many + "]}}", "{}") == "data.a[512]: more than 512 values in one pattern");

  std::string alternatives = R"({"$or":[{"id":["a"]})";
  for (int i = 0; i < 200; ++i) alternatives += R"(,{"id":["a"]})";
  CHECK(bench.says(alternatives + "]}", "{}") == "$or[128]: more than 128 alternatives");

  std::string product = R"({"data":{"x":["y"])";
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    product += R"(,")" + std::string{name} + R"(":{"$or":[{"p":[1]},{"q":[2]}]})";
  CHECK(bench.says(product + "}}", "{}") ==
        "data.h: the alternatives of $or can be combined in 256 ways, at most 128 are allowed");
}

TEST_CASE("a wildcard takes time in proportion to the text, whatever the text") {
  PatternBench bench;
  std::string pattern = "*";
  for (int i = 0; i < 30; ++i) pattern += std::string(100, 'a') + "b*";
  const auto long_text = R"({"orderId": ")" + std::string(200'000, 'a') + R"("})";
  CHECK(bench.asks(R"({"orderId": [{"wildcard": ")" + pattern + R"("}]})", long_text) == "no");
}
