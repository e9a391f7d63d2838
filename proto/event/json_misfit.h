// Where a JSON value is not the JSON form of a message type, in a sentence that names the place and what
// was probably meant. libprotobuf converts; but what it says about JSON it cannot convert is for programmers,
// so the common mistakes are found here first. Private to event_json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace reel {

/// Nothing where nothing wrong was found; libprotobuf has the last word. The value must not be nested without
/// bound. `path` names the value in the sentence: `data`.
[[nodiscard]] std::optional<std::string> json_misfit(const nlohmann::json& value,
                                                     const google::protobuf::Descriptor& type,
                                                     const std::string& path);

/// The field of that name: JSON's, or the one in the .proto file. nullptr: there is none.
[[nodiscard]] const google::protobuf::FieldDescriptor* find_json_field(
    const google::protobuf::Descriptor& type, const std::string& name);

}  // namespace reel
