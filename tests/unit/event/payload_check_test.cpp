#include "event/payload_check.h"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/stubs/logging.h>
#include <rapidcheck.h>

#include "proto_folder.h"

using namespace reel;
namespace pb = google::protobuf;

namespace {

const char* const everything = R"(
syntax = "proto3";
package t;
enum Colour { RED = 0; GREEN = 1; }
message All {
  int32 a = 1; sint64 b = 2; fixed64 c = 3; float d = 4; bool e = 5; Colour f = 6;
  string name = 7; bytes raw = 8; All child = 9; repeated string tags = 10;
  repeated int64 numbers = 11; repeated fixed32 words = 12; repeated double doubles = 13;
  map<string, All> by_name = 14; oneof one { string text = 15; All other = 16; }
  repeated uint32 far = 1000 [packed = false]; repeated All children = 17; string late = 2047; int32 last = 536870911;
}
)";

const char* const legacy = R"(
syntax = "proto2";
package t;
message Legacy {
  required int32 id = 1;
  optional string text = 2;
  optional Legacy child = 3;
  optional group Part = 4 { optional int32 x = 1; }
  extensions 100 to 200;
}
extend Legacy { optional Legacy more = 100; }
)";

// A type, our check of it, and libprotobuf's opinion.
class PayloadBench {
 public:
  PayloadBench(const char* proto, const char* type)
      : schemas_{schemas_from(proto)},
        type_{schemas_.find(type)},
        check_{*type_},
        prototype_{factory_.GetPrototype(type_)} {}

  std::string says(std::string_view data) const { return check_.check(data).value_or("well-formed"); }
  bool accepts(std::string_view data) const { return !check_.check(data); }
  bool parses(const std::string& data) const {
    const std::unique_ptr<pb::Message> message{prototype_->New()};
    return message->ParsePartialFromString(data) && message->IsInitialized();
  }
  const pb::Descriptor& type() const { return *type_; }
  std::unique_ptr<pb::Message> message() const { return std::unique_ptr<pb::Message>{prototype_->New()}; }

 private:
  SchemaSet schemas_;
  pb::DynamicMessageFactory factory_;
  const pb::Descriptor* type_;
  PayloadCheck check_;
  const pb::Message* prototype_;
  const pb::LogSilencer quiet_;  // libprotobuf would tell of each bad string
};

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

// `depth` messages inside each other under field 9.
std::string nested(int depth) {
  std::string inner;
  for (int i = 0; i < depth; ++i) {
    std::string length;
    for (auto left = inner.size();; left >>= 7) {
      length.push_back(static_cast<char>(left < 0x80 ? left : (left & 0x7f) | 0x80));
      if (left < 0x80) break;
    }
    inner = bytes({9 << 3 | 2}) + length + inner;
  }
  return inner;
}

void fill(pb::Message& message, int depth);

void fill_field(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
  const auto& reflection = *message.GetReflection();
  const auto text = *rc::gen::element<std::string>("", "a", "grüße", "longer than eight bytes, and then some",
                                                   std::string(200, 'x'));
  const auto number = *rc::gen::arbitrary<std::int64_t>();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
#define REEL_SET(cpp, Type, value)                                                                        \
  case pb::FieldDescriptor::cpp:                                                                          \
    many ? reflection.Add##Type(&message, &field, value) : reflection.Set##Type(&message, &field, value); \
    return;
    REEL_SET(CPPTYPE_INT32, Int32, static_cast<std::int32_t>(number))
    REEL_SET(CPPTYPE_INT64, Int64, number)
    REEL_SET(CPPTYPE_UINT32, UInt32, static_cast<std::uint32_t>(number))
    REEL_SET(CPPTYPE_UINT64, UInt64, static_cast<std::uint64_t>(number))
    REEL_SET(CPPTYPE_FLOAT, Float, static_cast<float>(number))
    REEL_SET(CPPTYPE_DOUBLE, Double, static_cast<double>(number))
    REEL_SET(CPPTYPE_BOOL, Bool, (number & 1) != 0)
    REEL_SET(CPPTYPE_ENUM, EnumValue, static_cast<int>(number & 3))
    REEL_SET(CPPTYPE_STRING, String, text)
#undef REEL_SET
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      fill(many ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field),
           depth + 1);
  }
}

// Any fields of a message, nested ones too.
void fill(pb::Message& message, int depth) {
  const auto& type = *message.GetDescriptor();
  const int fields = *rc::gen::inRange(0, depth > 3 ? 2 : 7);
  for (int i = 0; i < fields; ++i) {
    const auto& field = *type.field(*rc::gen::inRange(0, type.field_count()));
    if (depth < 6 || field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE)
      fill_field(message, field, depth);
  }
}

}  // namespace

TEST_CASE("a fault is told in one sentence that names the field") {
  const PayloadBench all{everything, "t.All"};
  struct {
    const char* what;
    std::string data;
    std::string says;
  } const cases[] = {
      {"nothing at all", "", "well-formed"},
      {"unknown fields", bytes({0xa0, 1, 5, 0xfa, 1, 1, 'x'}), "well-formed"},
      {"not UTF-8", bytes({7 << 3 | 2, 1, 0xff}), "field 'name' is not valid UTF-8"},
      {"bytes need not be", bytes({8 << 3 | 2, 1, 0xff}), "well-formed"},
      {"not UTF-8, nested", bytes({9 << 3 | 2, 5, 9 << 3 | 2, 3, 7 << 3 | 2, 1, 0xff}),
       "field 'child.child.name' is not valid UTF-8"},
      {"not UTF-8, in a map's key", bytes({14 << 3 | 2, 3, 1 << 3 | 2, 1, 0xff}),
       "field 'by_name.key' is not valid UTF-8"},
      {"a number as text", bytes({1 << 3 | 2, 1, 'x'}),
       "field 'a' is encoded as another wire type than its own"},
      {"text as a number", bytes({7 << 3, 1}), "field 'name' is encoded as another wire type than its own"},
      {"packed", bytes({11 << 3 | 2, 2, 1, 2}), "well-formed"},
      {"not packed", bytes({11 << 3, 1, 11 << 3, 2}), "well-formed"},
      {"packed, cut off", bytes({11 << 3 | 2, 2, 1, 0x82}),
       "field 'numbers' holds packed numbers that are cut off or too long"},
      {"packed words, cut off", bytes({12 << 3 | 2, 5, 1, 2, 3, 4, 5}),
       "field 'words' holds packed numbers of which the last is cut off"},
      {"cut off", bytes({7 << 3 | 2, 5, 'a'}), "field 'name' is cut off or has a length that does not fit"},
      {"cut off before the length", bytes({7 << 3 | 2}),
       "field 'name' is cut off or has a length that does not fit"},
      {"longer than its message", bytes({9 << 3 | 2, 2, 7 << 3 | 2, 1, 'a'}),
       "field 'child.name' is cut off or has a length that does not fit"},
      {"fixed, cut off", bytes({3 << 3 | 1, 1, 2, 3}),
       "field 'c' is cut off or has a length that does not fit"},
      {"an endless number", bytes({1 << 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}),
       "field 'a' holds a number that is cut off or too long"},
      {"unknown, cut off", bytes({0xa2, 2, 9, 'x'}),
       "field '36' is cut off or has a length that does not fit"},
      {"field number 0", bytes({0, 0}),
       "message t.All holds a tag that is field number 0, a group, or no wire type"},
      {"a group", bytes({9 << 3 | 2, 2, 1 << 3 | 3, 1 << 3 | 4}),
       "field 'child' of type t.All holds a tag that is field number 0, a group, or no wire type"},
      {"a tag cut off", bytes({0x80}), "message t.All holds a tag that is cut off or too long"},
      {"a tag of six bytes", bytes({0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 1}),
       "message t.All holds a tag that is cut off or too long"},
      {"a length of six bytes", bytes({7 << 3 | 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}),
       "field 'name' is cut off or has a length that does not fit"},
      {"a far field", bytes({0xfa, 0x7f, 1, 0xff}), "field 'late' is not valid UTF-8"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(all.says(c.data) == c.says);
    if (c.says == "well-formed") CHECK(all.parses(c.data));
  }
}

TEST_CASE("messages nest 100 deep and no deeper, as in libprotobuf") {
  const PayloadBench all{everything, "t.All"};
  CHECK(all.accepts(nested(100)));
  CHECK(all.parses(nested(100)));
  CHECK_FALSE(all.parses(nested(101)));
  const auto fault = all.says(nested(101));
  CHECK(fault.starts_with("field 'child.child."));
  CHECK(fault.ends_with("…' is nested deeper than 100 messages"));
  CHECK_FALSE(all.accepts(nested(10'000)));
}

TEST_CASE("proto2's required fields must be there, in extensions too") {
  const PayloadBench bench{legacy, "t.Legacy"};
  CHECK(bench.says("") == "field 'id' is required and missing");
  CHECK(bench.says(bytes({8, 1})) == "well-formed");
  CHECK(bench.says(bytes({8, 1, 3 << 3 | 2, 0})) == "field 'child.id' is required and missing");
  CHECK(bench.says(bytes({8, 1, 0xa2, 6, 0})) == "field 'more.id' is required and missing");
  CHECK(bench.says(bytes({8, 1, 0x12, 1, 0xff})) == "well-formed");  // a proto2 string may be any bytes
  CHECK(bench.parses(bytes({8, 1, 0x12, 1, 0xff})));
  CHECK(bench.says(bytes({8, 1, 0x22, 0})) == "field 'part' is encoded as another wire type than its own");
}

TEST_CASE("what libprotobuf writes is accepted, and what is accepted libprotobuf parses") {
  const PayloadBench all{everything, "t.All"};
  CHECK(rc::check("any message is well-formed", [&] {
    const auto message = all.message();
    fill(*message, 0);
    RC_ASSERT(all.says(message->SerializeAsString()) == "well-formed");
  }));
  int accepted = 0;
  CHECK(rc::check("any mutation that is accepted is parsed", [&] {
    const auto message = all.message();
    fill(*message, 0);
    const auto whole = message->SerializeAsString();
    for (int variant = 0; variant < 50; ++variant) {
      auto data = whole;
      const int mutations = *rc::gen::inRange(1, 4);
      for (int i = 0; i < mutations && !data.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, data.size());
        switch (*rc::gen::inRange(0, 4)) {
          case 0: data[at] = *rc::gen::arbitrary<char>(); break;
          case 1: data[at] = static_cast<char>(data[at] ^ (1 << *rc::gen::inRange(0, 8))); break;
          case 2: data.erase(at, *rc::gen::inRange<std::size_t>(1, 4)); break;
          case 3: data.insert(at, 1, *rc::gen::arbitrary<char>()); break;
        }
      }
      if (!all.accepts(data)) continue;
      ++accepted;
      RC_ASSERT(all.parses(data));
    }
  }));
  CHECK(accepted > 500);  // or the property says nothing
  const PayloadBench proto2{legacy, "t.Legacy"};
  CHECK(rc::check("any short bytes that are accepted are parsed", [&] {
    const auto data = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::element<char>(8, 0x12, 0x1a, 0x22, 0, 1, 2, 3), rc::gen::arbitrary<char>()));
    if (all.accepts(data)) RC_ASSERT(all.parses(data));
    if (proto2.accepts(data)) RC_ASSERT(proto2.parses(data));
  }));
}
