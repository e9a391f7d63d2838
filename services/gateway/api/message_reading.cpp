#include "gateway/api/message_reading.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/strict_json.h"
#include "gateway/api/json_field.h"

namespace reel::gateway {
namespace {

/// Thrown from wherever the reader is, and caught where it began.
struct Misfit {
  std::string sentence;
};

class Reader {
 public:
  void message(const nlohmann::json& json, pb::Message& into) {
    if (!json.is_object()) fail(path_.empty() ? "the body must be an object" : "must be an object");
    const pb::Descriptor& type = *into.GetDescriptor();
    for (const auto& [key, value] : json.items()) {
      const pb::FieldDescriptor& field = named(type, key);
      const Step step{*this, path_.empty() ? key : "." + key};
      refuse_second(into, field);
      field.is_repeated() ? list(value, into, field) : one(value, into, field);
    }
  }

 private:
  /// Where the reader is, for as long as it is there: "redrive", ".offsets", "[3]".
  struct Step {
    Step(Reader& reader, const std::string& more) : path{reader.path_}, before{path.size()} { path += more; }
    ~Step() { path.resize(before); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    std::string& path;
    std::size_t before;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Misfit{path_.empty() ? what : path_ + ": " + what};
  }
  [[noreturn]] void fail_value(const nlohmann::json& value, const std::string& wanted) const {
    fail(in_quotes(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) + " is not " +
         wanted);
  }

  const pb::FieldDescriptor& named(const pb::Descriptor& type, const std::string& key) const {
    std::vector<std::string> keys;
    for (int i = 0; i < type.field_count(); ++i) {
      keys.push_back(key_of(*type.field(i)));
      if (keys.back() == key) return *type.field(i);
    }
    fail("unknown key " + in_quotes(key) + did_you_mean(key, keys));
  }

  void refuse_second(const pb::Message& into, const pb::FieldDescriptor& field) const {
    const auto* oneof = field.containing_oneof();
    if (oneof == nullptr) return;
    const auto* other = into.GetReflection()->GetOneofFieldDescriptor(into, oneof);
    if (other != nullptr) fail("'" + key_of(*other) + "' is said already; only one of them can be meant");
  }

  void list(const nlohmann::json& json, pb::Message& into, const pb::FieldDescriptor& field) {
    if (field.is_map() || !json.is_array()) fail_value(json, "an array");
    for (std::size_t i = 0; i < json.size(); ++i) {
      const Step step{*this, "[" + std::to_string(i) + "]"};
      one(json[i], into, field);
    }
  }

  /// Sets the field, or adds to it where it is repeated.
  void one(const nlohmann::json& json, pb::Message& into, const pb::FieldDescriptor& field) {
    const pb::Reflection& in = *into.GetReflection();
    const bool more = field.is_repeated();
    switch (shape_of(field)) {
      case Shape::flag: {
        if (!json.is_boolean()) fail_value(json, "true or false");
        more ? in.AddBool(&into, &field, json.get<bool>()) : in.SetBool(&into, &field, json.get<bool>());
        break;
      }
      case Shape::number: {
        if (!json.is_number()) fail_value(json, "a number");
        more ? in.AddDouble(&into, &field, json.get<double>())
             : in.SetDouble(&into, &field, json.get<double>());
        break;
      }
      case Shape::text: {
        if (!json.is_string()) fail_value(json, "a text");
        more ? in.AddString(&into, &field, json.get<std::string>())
             : in.SetString(&into, &field, json.get<std::string>());
        break;
      }
      case Shape::word: {
        const int number = word(json, *field.enum_type());
        more ? in.AddEnumValue(&into, &field, number) : in.SetEnumValue(&into, &field, number);
        break;
      }
      case Shape::message:
        message(json, more ? *in.AddMessage(&into, &field) : *in.MutableMessage(&into, &field));
        break;
      case Shape::count:
      case Shape::time:
      case Shape::until:
      case Shape::duration: whole(number_in(json, field), into, field); break;
      case Shape::bits:
      case Shape::event:
      case Shape::spans: fail("cannot be given");
    }
  }

  static void whole(std::uint64_t number, pb::Message& into, const pb::FieldDescriptor& field) {
    const pb::Reflection& in = *into.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT32) {
      const auto small = static_cast<std::uint32_t>(number);
      field.is_repeated() ? in.AddUInt32(&into, &field, small) : in.SetUInt32(&into, &field, small);
    } else {
      field.is_repeated() ? in.AddUInt64(&into, &field, number) : in.SetUInt64(&into, &field, number);
    }
  }

  std::uint64_t number_in(const nlohmann::json& json, const pb::FieldDescriptor& field) const {
    switch (shape_of(field)) {
      case Shape::time: return time(json);
      case Shape::until: return json == "forever" ? for_ever : time(json);
      case Shape::duration: return duration(json);
      default: return count(json, field);
    }
  }

  std::uint64_t count(const nlohmann::json& json, const pb::FieldDescriptor& field) const {
    if (!json.is_number_unsigned()) fail_value(json, "a whole number");
    const auto number = json.get<std::uint64_t>();
    const bool small = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT32;
    if (small && number > std::numeric_limits<std::uint32_t>::max()) fail_value(json, "so small a number");
    return number;
  }

  std::uint64_t time(const nlohmann::json& json) const {
    if (json.is_null()) return 0;
    const auto time = json.is_string() ? parse_rfc3339(json.get_ref<const std::string&>()) : std::nullopt;
    if (!time) fail_value(json, "a time such as 2026-03-01T10:00:00Z, or null");
    return *time;
  }

  std::uint64_t duration(const nlohmann::json& json) const {
    constexpr double milliseconds_max = 10.0 * 365 * 86'400'000;
    const double given = json.is_number() ? json.get<double>() : -1;
    if (!(given >= 0 && given <= milliseconds_max))
      fail_value(json, "a duration in milliseconds, of at most ten years");
    // Apart, since whole and fraction together are more digits than a double has.
    const double whole = std::floor(given);
    return static_cast<std::uint64_t>(whole) * 1'000'000 +
           static_cast<std::uint64_t>(std::llround((given - whole) * 1e6));
  }

  int word(const nlohmann::json& json, const pb::EnumDescriptor& type) const {
    std::string words;
    for (int i = 0; i < type.value_count(); ++i) {
      const std::string each = word_of(*type.value(i));
      if (json == each) return type.value(i)->number();
      words += (words.empty() ? "" : ", ") + each;
    }
    fail_value(json, "one of " + words);
  }

  std::string path_;
};

}  // namespace

std::optional<BodyProblem> read_message(std::string_view text, pb::Message& into) {
  nlohmann::json json;
  if (text.size() > body_bytes_max)
    return BodyProblem{413, "the body is longer than " + std::to_string(body_bytes_max) + " bytes"};
  if (auto wrong = read_strict_json(text, {.bytes_max = body_bytes_max, .depth_max = body_depth_max}, json))
    return BodyProblem{400, *std::move(wrong)};
  try {
    Reader{}.message(json, into);
  } catch (const Misfit& misfit) {
    return BodyProblem{422, misfit.sentence};
  }
  return std::nullopt;
}

}  // namespace reel::gateway
