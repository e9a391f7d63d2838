// An event pattern written as YAML: `when: {data: {express: [true]}}`, and any value as JSON.
#pragma once

#include <optional>
#include <string>

#include "config/reader.h"

namespace google::protobuf {
class Descriptor;
}

namespace reel::config {

/// The pattern as JSON. What is wrong with it becomes a problem at its place in the file, and gives nothing.
/// Where `type` is known, so does a field that it lacks.
[[nodiscard]] std::optional<std::string> read_pattern(const Value& value,
                                                      const google::protobuf::Descriptor* type);

/// Any value as JSON: a number, true, false or null where it looks like one and is not in quotes.
[[nodiscard]] std::string json_of(const Node& node);

}  // namespace reel::config
