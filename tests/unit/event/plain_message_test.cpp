#include "event/plain_message.h"

#include <doctest/doctest.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <string>

#include "proto_folder.h"
#include "reel/v1/query.pb.h"
#include "reel/v1/wire.pb.h"

using namespace reel;
using nlohmann::json;

namespace {

/// "same" as protobuf's own converter makes of it, "other", or "not plain".
template <typename Message>
std::string filled(const std::string& text) {
  Message plain;
  if (!fill_plain(json::parse(text), plain)) return "not plain";
  Message converted;
  REQUIRE(google::protobuf::util::JsonStringToMessage(text, &converted).ok());
  return plain.SerializeAsString() == converted.SerializeAsString() ? "same" : "other";
}

}  // namespace

TEST_CASE("what is plain is filled as protobuf's own converter fills it") {
  CHECK(filled<v1::Hello>(R"({"protocol":1,"service":"payments","pid":4294967295,"host":""})") == "same");
  CHECK(filled<v1::Hello>(R"({"protocol":"7","service":null})") == "same");
  CHECK(filled<v1::Subscribed>(R"({"firstOffset":"18446744073709551615","log_time":12})") == "same");
  CHECK(filled<v1::Subscribe>(R"({"patterns":["order.*",">"],"envelopeOnly":true,"fromOffset":"9"})") ==
        "same");
  CHECK(filled<v1::Deliver>(R"({"spans":[{"offset":1,"count":2},{}],"delivery":3})") == "same");
  CHECK(filled<v1::Hello>("{}") == "same");
}

TEST_CASE("what is not plain is left to the converter") {
  CHECK(filled<v1::Hello>(R"({"protocol":1.0})") == "not plain");
  CHECK(filled<v1::Subscribed>(R"({"firstOffset":1,"first_offset":2})") == "not plain");
  CHECK(filled<v1::Hello>(R"({"nothing":1})") == "not plain");
  CHECK(filled<v1::StatusReply>(R"({"refused":{"a":1}})") == "not plain");  // a map
  CHECK(filled<v1::Deliver>(R"({"spans":[null]})") == "not plain");
  CHECK(filled<v1::Hello>("[]") == "not plain");
}

TEST_CASE("null, where it is a value, is left to the converter") {
  const SchemaSet schemas = schemas_from(R"(
syntax = "proto3";
package t;
import "google/protobuf/struct.proto";
message Set { string key = 1; google.protobuf.Value to = 2; google.protobuf.NullValue none = 3; }
)");
  google::protobuf::DynamicMessageFactory factory;
  const auto* const prototype = factory.GetPrototype(schemas.find("t.Set"));
  const auto is_filled = [&](const char* text) {
    const std::unique_ptr<google::protobuf::Message> message{prototype->New()};
    return fill_plain(json::parse(text), *message);
  };
  CHECK(is_filled(R"({"key": null})"));
  CHECK_FALSE(is_filled(R"({"key": "k", "to": null})"));
  CHECK_FALSE(is_filled(R"({"key": "k", "none": null})"));
}
