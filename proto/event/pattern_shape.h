// What is known about the place a pattern speaks of, before any event has come: so that a misspelt field is
// an error and not a pattern that never matches. Private to event_pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/pattern_tree.h"

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace reel::pattern {

class Shape {
 public:
  /// The envelope; `data` is a `payload`, or anything where that is null.
  [[nodiscard]] static Shape envelope(const google::protobuf::Descriptor* payload);

  /// What stands under `name`; nothing, with a sentence in `wrong`, where nothing can. Of the envelope,
  /// `attribute` is set.
  [[nodiscard]] std::optional<Shape> below(std::string_view name, EnvelopeField& attribute,
                                           std::string& wrong) const;

  /// What speaks against looking for fields in it, and against asking its value for this.
  [[nodiscard]] std::optional<std::string> misfit_of_object() const;
  [[nodiscard]] std::optional<std::string> misfit_of(const Rule& rule) const;

 private:
  enum class Kind : std::uint8_t { unknown, envelope, attribute, flag_attribute, message, map, field };

  [[nodiscard]] static Shape of(const google::protobuf::FieldDescriptor& field);
  [[nodiscard]] std::optional<Shape> attribute_below(std::string_view name, EnvelopeField& attribute,
                                                     std::string& wrong) const;
  [[nodiscard]] std::string described() const;

  Kind kind_ = Kind::unknown;
  const google::protobuf::Descriptor* message_ = nullptr;     // envelope: the payload's
  const google::protobuf::FieldDescriptor* field_ = nullptr;  // map: the map; field: the single value
  bool whole_payload_ = false;
  bool always_there_ = false;  // {"exists": false} never holds
};

}  // namespace reel::pattern
