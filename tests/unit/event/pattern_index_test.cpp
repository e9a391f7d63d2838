#include "event/pattern_index.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "event/event_json.h"
#include "proto_folder.h"

using namespace reel;

namespace {

const char* const indexed_proto = R"(
syntax = "proto3";
package t;
message Line { string sku = 1; uint32 quantity = 2; }
message Order { string order_id = 1; uint64 cents = 2; repeated Line lines = 3; repeated string tags = 4; }
)";

/// Patterns by number, and what the index says of an event beside what each of them says.
class IndexBench {
 public:
  void add(const std::string& json) {
    auto compiled = EventPattern::compile(json);
    REQUIRE_MESSAGE(compiled.pattern, compiled.error.text());
    index_.add(static_cast<std::uint32_t>(patterns_.size()), *compiled.pattern);
    patterns_.push_back(*compiled.pattern);
  }

  struct Found {
    std::vector<std::uint32_t> by_index;
    std::vector<std::uint32_t> one_by_one;
    std::size_t asked = 0;
  };
  Found find(const std::string& data, const std::string& subject) {
    const EventJson json{schemas_, {{"order.placed", "t.Order"}}};
    const auto read = json.read(R"({"type": "order.placed", "source": "shop", "subject": ")" + subject +
                                R"(", "data": )" + data + "}");
    REQUIRE_MESSAGE(read.event, read.error);
    std::string bytes;
    append_event(bytes, read.event->fields(), read.event->attribute_views());
    const auto event = read_event(bytes);
    const RunHead head{.source = "shop", .topic = "order.placed", .dataschema = "t.Order"};
    JudgedEvent judged{head, *event, parser_};
    Found found;
    found.asked = index_.match(judged, [&](std::uint32_t number) { found.by_index.push_back(number); });
    for (std::uint32_t i = 0; i < patterns_.size(); ++i) {
      if (patterns_[i].matches(judged)) found.one_by_one.push_back(i);
    }
    return found;
  }

 private:
  SchemaSet schemas_ = schemas_from(indexed_proto);
  PayloadParser parser_{schemas_};
  PatternIndex index_;
  std::vector<EventPattern> patterns_;
};

rc::Gen<std::string> some_pattern() {
  return rc::gen::element<std::string>(
      R"({"subject": ["a"]})", R"({"subject": ["a", "b"]})", R"({"subject": [{"prefix": "a"}]})",
      R"({"subject": ["a", {"exists": false}]})", R"({"data": {"orderId": ["", "o1"]}})",
      R"({"data": {"orderId": ["o1"], "cents": [5]}})", R"({"data": {"cents": [0, 5, 7]}})",
      R"({"data": {"cents": ["5"]}})", R"({"data": {"lines": {"sku": ["x"], "quantity": [1]}}})",
      R"({"data": {"lines": {"quantity": [2, 0]}}})", R"({"data": {"tags": ["x", "y"]}})",
      R"({"data": {"cents": [{"anything-but": [5]}], "tags": ["x"]}})",
      R"({"$or": [{"subject": ["a"]}, {"data": {"tags": ["y"]}}]})",
      R"({"source": ["shop"], "subject": ["b"]})", R"({"source": ["other"]})",
      R"({"data": {"extra": ["x"]}})");
}

rc::Gen<std::string> some_data() {
  return rc::gen::element<std::string>(
      "{}", R"({"orderId": "o1"})", R"({"orderId": "o1", "cents": "5"})",
      R"({"cents": 7, "tags": ["x", "y"]})",
      R"({"lines": [{"sku": "x", "quantity": 2}, {"sku": "y", "quantity": 1}]})",
      R"({"lines": [{"sku": "x", "quantity": 1}], "tags": ["y", "y"]})", R"({"cents": 5, "tags": ["x"]})");
}

}  // namespace

TEST_CASE("of a thousand patterns that ask for a value, the ones that ask for the event's are asked") {
  IndexBench bench;
  for (int i = 0; i < 1'000; ++i) bench.add(R"({"data": {"orderId": ["o)" + std::to_string(i) + R"("]}})");
  bench.add(R"({"data": {"orderId": ["o7", "o8"], "tags": ["urgent"]}})");
  const auto found = bench.find(R"({"orderId": "o7"})", "s");
  CHECK(found.by_index == std::vector<std::uint32_t>{7});
  CHECK(found.asked == 2);
  CHECK(bench.find(R"({"orderId": "none"})", "s").asked == 0);
}

TEST_CASE("a pattern without such a field is asked each time") {
  IndexBench bench;
  bench.add(R"({"data": {"orderId": [{"prefix": "o"}]}})");
  bench.add(R"({"subject": ["s"]})");
  const auto found = bench.find(R"({"orderId": "o7"})", "t");
  CHECK(found.by_index == std::vector<std::uint32_t>{0});
  CHECK(found.asked == 1);
}

TEST_CASE("fields are told apart whatever stands in their names") {
  IndexBench bench;
  bench.add(R"({"data": {"lines\nsku": ["x"]}})");
  bench.add(R"({"data": {"lines": {"sku": ["x"]}}})");
  CHECK(bench.find(R"({"lines": [{"sku": "x"}]})", "s").by_index == std::vector<std::uint32_t>{1});
}

TEST_CASE("the index says what asking each pattern says") {
  CHECK(rc::check([] {
    IndexBench bench;
    for (const auto& pattern : *rc::gen::container<std::vector<std::string>>(some_pattern()))
      bench.add(pattern);
    const auto found = bench.find(*some_data(), *rc::gen::element<std::string>("a", "b", "ab"));
    RC_ASSERT(found.by_index == found.one_by_one);
  }));
}
