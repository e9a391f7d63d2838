// A protobuf message from JSON that strangers wrote: the reverse of message_json.h, and strict. Unknown keys,
// wrong types, numbers that do not fit, two members of a oneof are refused with their place, as are long and
// deeply nested texts, so that nobody's slip is taken for a command.
//
//   v1::Command command;
//   if (const auto wrong = read_message(request.body, command)) return problem(wrong->status,
//   wrong->sentence);
//     // 422 "redrive.offsets[3]: 'x' is not a whole number"
//
// Pure.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reel::gateway {

/// Ten thousand offsets are a tenth of it.
inline constexpr std::size_t body_bytes_max = 1u << 20;
/// Twice as deep as any message of ours.
inline constexpr int body_depth_max = 8;

struct BodyProblem {
  int status = 400;  ///< 422 where it is JSON, but not this message
  std::string sentence;
};

/// Nothing where `into`, which must be empty, is what the text says.
[[nodiscard]] std::optional<BodyProblem> read_message(std::string_view text, google::protobuf::Message& into);

}  // namespace reel::gateway
