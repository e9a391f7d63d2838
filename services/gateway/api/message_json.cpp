#include "gateway/api/message_json.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "event/rfc3339.h"
#include "reel/v1/query.pb.h"
#include "search/spans.h"

namespace reel::gateway {
namespace {

std::string time_json(std::uint64_t unix_ns) {
  return unix_ns == 0 ? "null" : '"' + rfc3339(unix_ns) + '"';
}

/// All digits that there are, and no more: 1.5, 0.000001.
std::string milliseconds_json(std::uint64_t ns) {
  std::string text = fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// JSON has no word for what is no number.
std::string number_json(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

std::string spans_json(const v1::Spans& message) {
  const search::Spans spans = search::Spans::read(message);
  const bool any = spans.count() > 0;
  const auto time = [any](std::uint64_t ns) { return any ? milliseconds_json(ns) : "null"; };
  return fmt::format(R"({{"count":{},"least_ms":{},"most_ms":{},"p50_ms":{},"p95_ms":{},"p99_ms":{}}})",
                     spans.count(), time(message.least()), time(message.most()), time(spans.quantile(0.5)),
                     time(spans.quantile(0.95)), time(spans.quantile(0.99)));
}

/// A value that an enum's type does not know comes from a later version: it reads as the first one,
/// "unknown".
std::string word_json(const pb::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return '"' + word_of(value != nullptr ? *value : *type.value(0)) + '"';
}

class Writer {
 public:
  explicit Writer(const EventText& event_text) : event_text_{event_text} {}

  void message(const pb::Message& message) {
    out_ += '{';
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (!is_always_written(field) && !message.GetReflection()->HasField(message, &field)) continue;
      if (out_.back() != '{') out_ += ',';
      out_ += '"' + key_of(field) + "\":";
      field.is_map()        ? map(message, field)
      : field.is_repeated() ? list(message, field)
                            : value(message, field, -1);
    }
    out_ += '}';
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void list(const pb::Message& message, const pb::FieldDescriptor& field) {
    out_ += '[';
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      if (i > 0) out_ += ',';
      value(message, field, i);
    }
    out_ += ']';
  }

  /// Keys in order, so that the same answer reads the same.
  void map(const pb::Message& message, const pb::FieldDescriptor& field) {
    const pb::Reflection& in = *message.GetReflection();
    const pb::FieldDescriptor& key = *field.message_type()->FindFieldByNumber(1);
    std::map<std::string, const pb::Message*> entries;
    for (int i = 0; i < in.FieldSize(message, &field); ++i) {
      const pb::Message& entry = in.GetRepeatedMessage(message, &field, i);
      entries.emplace(text(entry, key, -1), &entry);
    }
    out_ += '{';
    for (const auto& [name, entry] : entries) {
      if (out_.back() != '{') out_ += ',';
      out_ += json_text(name) + ':';
      value(*entry, *field.message_type()->FindFieldByNumber(2), -1);
    }
    out_ += '}';
  }

  /// The field's value; of a repeated one that at `index`.
  void value(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    switch (shape_of(field)) {
      case Shape::flag: out_ += flag(message, field, index) ? "true" : "false"; break;
      case Shape::count: out_ += std::to_string(whole(message, field, index)); break;
      case Shape::number: out_ += number_json(in.GetDouble(message, &field)); break;
      case Shape::text: out_ += json_text(text(message, field, index)); break;
      case Shape::word: out_ += word_json(*field.enum_type(), enum_number(message, field, index)); break;
      case Shape::time: out_ += time_json(whole(message, field, index)); break;
      case Shape::until: {
        const std::uint64_t until = whole(message, field, index);
        out_ += until == for_ever ? "\"forever\"" : time_json(until);
        break;
      }
      case Shape::duration: out_ += milliseconds_json(whole(message, field, index)); break;
      case Shape::bits: out_ += fmt::format("\"{:016x}\"", whole(message, field, index)); break;
      case Shape::event: {
        const std::string bytes = text(message, field, index);
        out_ += bytes.empty() || !event_text_ ? "null" : event_text_(message, bytes);
        break;
      }
      case Shape::spans:
        out_ += spans_json(dynamic_cast<const v1::Spans&>(sub(message, field, index)));
        break;
      case Shape::message: this->message(sub(message, field, index)); break;
    }
  }

  static bool flag(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    return index < 0 ? in.GetBool(message, &field) : in.GetRepeatedBool(message, &field, index);
  }
  static std::uint64_t whole(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT32)
      return index < 0 ? in.GetUInt32(message, &field) : in.GetRepeatedUInt32(message, &field, index);
    return index < 0 ? in.GetUInt64(message, &field) : in.GetRepeatedUInt64(message, &field, index);
  }
  static std::string text(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    return index < 0 ? in.GetString(message, &field) : in.GetRepeatedString(message, &field, index);
  }
  static int enum_number(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    return index < 0 ? in.GetEnumValue(message, &field) : in.GetRepeatedEnumValue(message, &field, index);
  }
  static const pb::Message& sub(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& in = *message.GetReflection();
    return index < 0 ? in.GetMessage(message, &field) : in.GetRepeatedMessage(message, &field, index);
  }

  const EventText& event_text_;
  std::string out_;
};

}  // namespace

std::string message_json(const pb::Message& message, const EventText& event_text) {
  Writer writer{event_text};
  writer.message(message);
  return writer.take();
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace reel::gateway
