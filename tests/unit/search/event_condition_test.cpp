#include "search/event_condition.h"

#include <doctest/doctest.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "reel/v1/ledger.pb.h"
#include "search/expression.h"

using namespace reel;
using namespace reel::search;

namespace {

struct Sent {
  std::string data = "{}";  ///< JSON
  std::string subject = {};
  std::string type = "google.protobuf.Struct";
};

/// "yes", "no" or "unknown": whether an event on order.placed is what the only term of `text` means.
std::string says(const std::string& text, const Sent& sent) {
  const auto [query, error] = parse_expression("x", text);
  REQUIRE_MESSAGE(query, error);
  REQUIRE(query->terms.size() == 1);
  google::protobuf::Struct json;
  REQUIRE(google::protobuf::util::JsonStringToMessage(sent.data, &json).ok());
  EventView event;
  const std::string data = json.SerializeAsString();
  event.data = data;
  event.subject = sent.subject;
  const RunHead head{.source = "orders/1", .topic = "order.placed", .dataschema = sent.type};
  PayloadParser parser;
  JudgedEvent judged{head, event, parser};
  const char* const words[] = {"no", "unknown", "yes"};
  return words[static_cast<int>(query->terms[0].condition.judge(judged))];
}

}  // namespace

TEST_CASE("a field of the payload or the envelope is compared as what it is") {
  const Sent order{
      .data = R"({"customer": "c1", "total": 100000, "express": true, "at": "2026-03-01T10:00:00Z",
                               "lines": [{"sku": "a"}, {"sku": "b"}], "note": "7"})",
      .subject = "order-7"};
  CHECK(says("data.customer == 'c1'", order) == "yes");
  CHECK(says("data.customer == c1", order) == "yes");
  CHECK(says("data.customer == 'c2'", order) == "no");
  CHECK(says("data.customer like 'c*'", order) == "yes");
  CHECK(says("data.total >= 100000", order) == "yes");
  CHECK(says("data.total == 1e5", order) == "yes");
  CHECK(says("data.total > 100000.5", order) == "no");
  CHECK(says("data.total == '100000'", order) == "no");
  CHECK(says("data.note == 7", order) == "yes");
  CHECK(says("data.note < 8", order) == "no");
  CHECK(says("data.express == true", order) == "yes");
  CHECK(says("data.at < '2026-03-01T12:00:00+01:00'", order) == "yes");
  CHECK(says("data.lines.sku == b", order) == "yes");
  CHECK(says("data.lines.sku", order) == "yes");
  CHECK(says("data.nothing", order) == "no");
  CHECK(says("subject == 'order-7'", order) == "yes");
  CHECK(says("order.placed[data.customer == c1 and data.total < 5]", order) == "no");
  CHECK(says("order.placed[data.customer != c2 and not data.nothing]", order) == "yes");
  CHECK(says("order.placed[data.customer in (c0, c1) and source like 'orders/*']", order) == "yes");
}

TEST_CASE("of a payload that cannot be read only the envelope is known") {
  const Sent strange{.subject = "s", .type = "shop.v9.Unknown"};
  CHECK(says("data.customer == c1", strange) == "unknown");
  CHECK(says("order.placed[data.customer == c1 and subject == x]", strange) == "no");
  CHECK(says("order.placed[data.customer == c1 or subject == s]", strange) == "yes");
  CHECK(says("subject == s", strange) == "yes");
}

TEST_CASE("topics that there are not and fields that no payload has are told with their place") {
  const std::vector<TopicType> topics{{"order.placed", v1::Failure::descriptor()},
                                      {"order.paid", v1::Delivered::descriptor()},
                                      {"bytes", nullptr}};
  const auto wrong = [&](const std::string& text) {
    return misfit(*parse_expression("x", text).query, topics, "x", text).value_or("fine");
  };
  CHECK(wrong("order.placed[data.attempt > 1]") == "fine");
  CHECK(wrong("order.placed[data.atempt > 1]") ==
        "x:1:14: data.atempt: reel.v1.Failure has no such field, did you mean 'attempt'?\n"
        "  order.placed[data.atempt > 1]\n"
        "               ^\n"
        "x: 1 problem");
  CHECK(wrong("late or order.plced[data.attempt > 1]") ==
        "x:1:9: there is no topic 'order.plced'\n"
        "  late or order.plced[data.attempt > 1]\n"
        "          ^ did you mean 'order.placed'?\n"
        "x: 1 problem");
  CHECK(wrong("order.*[data.atempt > 1]") ==
        "x:1:9: data.atempt: reel.v1.Failure has no such field, did you mean 'attempt'?\n"
        "  order.*[data.atempt > 1]\n"
        "          ^\n"
        "x: 1 problem");
  CHECK(wrong("order.*[data.attempt > 1]") == "fine");
  CHECK(wrong("data.atempt > 1") == "fine");  // who knows what is in `bytes`
}
