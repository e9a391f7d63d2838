// Fills a message from JSON where that is plain: strings, numbers, booleans, enums by name, messages of
// those, and lists of them. It is what most payloads are, and many times cheaper than protobuf's converter,
// which writes and parses the text once more.
//
//   if (!fill_plain(value, message)) …       // something else is in it: the converter's
//
// `value` fits the type, as json_misfit has said. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace google::protobuf {
class Message;
}

namespace reel {

/// False where something is not plain (maps, bytes, protobuf's well-known types, numbers in odd forms); the
/// message is then half filled.
[[nodiscard]] bool fill_plain(const nlohmann::json& value, google::protobuf::Message& message);

}  // namespace reel
