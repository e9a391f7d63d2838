// The schema of one message type as people write it: GET /v1/schemas/{type}.
#pragma once

#include <string>

namespace google::protobuf {
class Descriptor;
}

namespace reel::gateway {

struct Call;

[[nodiscard]] std::string answer_schema(const Call& call);

/// The message as a .proto file has it, and behind it every message and enum that it is made of, protobuf's
/// own excepted.
[[nodiscard]] std::string schema_text(const google::protobuf::Descriptor& type);

}  // namespace reel::gateway
