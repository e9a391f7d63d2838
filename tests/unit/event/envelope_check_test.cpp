#include "event/envelope_check.h"

#include <doctest/doctest.h>

using namespace reel;

namespace {

std::string says(const EventFields& fields, const std::vector<Attribute>& attributes = {}) {
  std::string bytes;
  append_event(bytes, fields, attributes);
  const auto event = read_event(bytes);
  REQUIRE(event);
  const auto fault = check_envelope(*event);
  return fault ? fault->text : "right";
}

const std::string x256(256, 'x');
const std::string x10k(10'240, 'x');

}  // namespace

TEST_CASE("each attribute has its limit, and a fault names it") {
  CHECK(says({.id = "e", .correlationid = "c"}) == "right");
  CHECK(says({.id = x256, .correlationid = x256, .causationid = x256, .partitionkey = x256}) == "right");
  CHECK(says({.correlationid = "c"}) == "event id is empty");
  CHECK(says({.id = "e"}) == "correlation id is empty");
  CHECK(says({.id = "e", .correlationid = x10k}) ==
        "correlation id is 10240 bytes long, at most 256 are allowed");
  CHECK(says({.id = "\xff", .correlationid = "c"}) == "event id '\\xff' is not valid UTF-8");
  CHECK(says({.id = "e", .correlationid = "c", .causationid = x10k}) ==
        "causation id is 10240 bytes long, at most 256 are allowed");
  CHECK(says({.id = "e", .correlationid = "c", .partitionkey = "\xc0\x80"}) ==
        "partition key '\\xc0\\x80' is not valid UTF-8");
  CHECK(says({.id = "e", .correlationid = "c", .subject = x10k}) ==
        "subject is 10240 bytes long, at most 1024 are allowed");
  CHECK(says({.id = "e", .correlationid = "c", .datacontenttype = x10k}) ==
        "datacontenttype is 10240 bytes long, at most 256 are allowed");
  CHECK(says({.id = "e", .correlationid = "c", .traceparent = x10k}) ==
        "traceparent is 10240 bytes long, at most 256 are allowed");
  CHECK(says({.id = "e", .correlationid = "c", .tracestate = x10k}) ==
        "tracestate is 10240 bytes long, at most 512 are allowed");
}

TEST_CASE("an event does not expire before it is handed over") {
  EventFields event{.id = "e", .correlationid = "c", .expirytime = 5};
  CHECK(says(event) == "right");
  event.delivertime = 4;
  CHECK(says(event) == "right");
  event.delivertime = 1'500'000'000;
  event.expirytime = 1'000'000'000;
  CHECK(says(event) == "expirytime 1970-01-01T00:00:01Z is not after delivertime 1970-01-01T00:00:01.500Z");
}

TEST_CASE("further attributes have names as CloudEvents has them, and are few and short") {
  const EventFields event{.id = "e", .correlationid = "c"};
  CHECK(says(event, {{"region", "eu"}, {"x2", ""}}) == "right");
  CHECK(says(event, {{"Region", "eu"}}) ==
        "attribute name 'Region' may have only lower-case letters and digits");
  CHECK(says(event, {{"", "eu"}}) == "an attribute's name is empty");
  CHECK(says(event, {{"subject", "eu"}}) == "attribute name 'subject' is reserved");
  CHECK(says(event, {{x256, "eu"}}) ==
        "attribute name '" + std::string(64, 'x') + "…' is 256 bytes long, at most 64 are allowed");
  CHECK(says(event, {{"region", x10k}}) ==
        "attribute 'region' is 10240 bytes long, at most 1024 are allowed");
  CHECK(says(event, {{"region", "\xff"}}) ==
        "the envelope is malformed: field 'attributes.value' is not valid UTF-8");
  std::vector<Attribute> many;
  std::vector<std::string> names;
  for (int i = 0; i < 33; ++i) names.push_back("a" + std::to_string(i));
  for (const auto& name : names) many.push_back({name, "1"});
  CHECK(says(event, many) == "the event has 33 further attributes, at most 32 are allowed");
}

TEST_CASE("a source is not empty and not endless") {
  CHECK_FALSE(check_source("orders/1"));
  CHECK(check_source("") == "source is empty");
  CHECK(check_source(x10k) == "source is 10240 bytes long, at most 256 are allowed");
  CHECK(check_source("\xff") == "source '\\xff' is not valid UTF-8");
}
