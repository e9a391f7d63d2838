#include "event/field_path.h"

#include <cstdlib>

#include "event/envelope_values.h"
#include "event/pattern_shape.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/uuid.h"

namespace reel {
namespace {

using namespace pattern;

FieldValue value_of(const Leaf& leaf) {
  if (leaf.null) return {FieldValue::Kind::null, "null"};
  if (leaf.flag) return {FieldValue::Kind::flag, *leaf.flag ? "true" : "false"};
  // An enum has a number too, and people mean its name; a 64-bit integer's text is its number.
  const bool is_digits =
      leaf.text && leaf.number && leaf.text->find_first_not_of("-0123456789") == std::string_view::npos;
  if (leaf.text && !is_digits) return {FieldValue::Kind::text, kept_text(*leaf.text)};
  if (leaf.text) return {FieldValue::Kind::number, std::string{*leaf.text}};
  return {FieldValue::Kind::number, leaf.shown()};
}

// Follows the names below one place, and keeps what stands at the end of them.
class FieldWalk : public ValueVisitor {
 public:
  FieldWalk(const std::vector<std::string>& names, std::size_t next, JudgedEvent& event, std::size_t max,
            std::vector<FieldValue>& values)
      : names_{names}, next_{next}, event_{event}, max_{max}, values_{values} {}

  bool leaf(const Leaf& leaf) override {
    if (next_ == names_.size()) values_.push_back(value_of(leaf));
    return values_.size() >= max_;
  }
  bool object(const Place& place) override {
    if (next_ == names_.size()) return false;
    FieldWalk below{names_, next_ + 1, event_, max_, values_};
    each_value(place, names_[next_], event_.parser(), below);
    return values_.size() >= max_;
  }

 private:
  const std::vector<std::string>& names_;
  std::size_t next_;
  JudgedEvent& event_;
  std::size_t max_;
  std::vector<FieldValue>& values_;
};

std::vector<std::string> names_of(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    names.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

std::string kept_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string{text};
  std::size_t end = bytes_max / 2;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return std::string{text.substr(0, end)} + "…" + uuid_v8(hash_128({text}));
}

bool FieldValue::equals(const FieldValue& other) const {
  if (kind != other.kind) return false;
  return kind == Kind::number ? compare(other) == 0 : text == other.text;
}

std::partial_ordering FieldValue::compare(const FieldValue& other) const {
  if (kind != other.kind) return std::partial_ordering::unordered;
  if (kind == Kind::number) {
    return std::strtold(text.c_str(), nullptr) <=> std::strtold(other.text.c_str(), nullptr);
  }
  if (kind != Kind::text) {
    return text == other.text ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
  }
  const auto time = parse_rfc3339(text);
  const auto other_time = time ? parse_rfc3339(other.text) : std::nullopt;
  if (other_time) return *time <=> *other_time;
  return text <=> other.text;
}

FieldPath::Compiled FieldPath::compile(std::string_view text, const google::protobuf::Descriptor* type) {
  FieldPath path;
  path.text_ = text;
  path.names_ = names_of(text);
  if (path.names_.size() > field_path_names_max) {
    return {std::nullopt, "has more than " + std::to_string(field_path_names_max) + " names"};
  }
  Shape shape = Shape::envelope(type);
  std::string at;
  for (const auto& name : path.names_) {
    if (name.empty()) return {std::nullopt, "has an empty name between its dots"};
    if (!at.empty()) {
      if (const auto wrong = shape.misfit_of_object()) return {std::nullopt, at + ": " + *wrong};
    }
    at += (at.empty() ? "" : ".") + name;
    EnvelopeField attribute = EnvelopeField::none;
    std::string wrong;
    const auto below = shape.below(name, attribute, wrong);
    if (!below) return {std::nullopt, at + ": " + wrong};
    if (at == name) path.attribute_ = static_cast<std::uint8_t>(attribute);
    shape = *below;
  }
  return {std::move(path), {}};
}

std::vector<FieldValue> FieldPath::values(JudgedEvent& event, std::size_t max) const {
  std::vector<FieldValue> values;
  FieldWalk walk{names_, 1, event, max, values};
  if (max > 0) show_attribute(EnvelopeField{attribute_}, names_.front(), event, walk);
  return values;
}

bool FieldPath::looks_at_data() const {
  return EnvelopeField{attribute_} == EnvelopeField::data;
}

}  // namespace reel
