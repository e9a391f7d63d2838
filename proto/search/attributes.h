// What can be asked of a flow: the attributes' names, and what each is compared with.
//
// Pure functions and constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reel/v1/query.pb.h"

namespace reel::search {

/// Longest text a test compares with: ids and topics are no longer.
inline constexpr std::size_t where_text_bytes_max = 256;

enum class Kind : std::uint8_t {
  text,      ///< equal, or like a text with `*`
  state,     ///< one of four words
  topic,     ///< equal to a topic, or among those of a pattern
  number,    ///< a whole number
  duration,  ///< ns
  time,      ///< ns since 1970
  flag,      ///< there or not
};

struct FlowAttribute {
  std::string_view name;
  v1::FlowWhere::Attribute number;
  Kind kind;
};

[[nodiscard]] std::span<const FlowAttribute> flow_attributes();
/// By name; nullptr where there is none.
[[nodiscard]] const FlowAttribute* flow_attribute(std::string_view name);
/// By number; nullptr for ATTRIBUTE_EVENT and what is none.
[[nodiscard]] const FlowAttribute* flow_attribute(v1::FlowWhere::Attribute number);

/// The states' names, and the state of a name; FLOW_STATE_UNKNOWN where it is none.
[[nodiscard]] std::span<const std::string_view> state_names();
[[nodiscard]] v1::FlowState state_named(std::string_view name);

/// Nothing where a condition from elsewhere can be evaluated; otherwise a sentence.
[[nodiscard]] std::optional<std::string> check_where(const v1::FlowWhere& where);

/// Whether it asks for what only payloads can say.
[[nodiscard]] bool asks_for_events(const v1::FlowWhere& where);

}  // namespace reel::search
