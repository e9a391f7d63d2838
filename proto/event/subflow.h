// A sub-flow: a flow that is one step of another. Its first event says which, in an attribute; definitions
// and steps name it after its definition.
//
//   flow.publish("parcel.requested", parcel, {.subflow = "parcel-7"});     // in a handler of order-7's event
//   {after: order.placed, all_of: [{flow: packing}, invoice.issued], within: 1h}
#pragma once

#include <string>
#include <string_view>

namespace reel {

/// The attribute of an event that names the flow which its own is a part of. It counts on a flow's first
/// event only.
inline constexpr std::string_view parent_attribute = "parentcorrelationid";

/// The flow that an event's is a part of, given the event's further attributes; empty: of none.
template <class Attributes>
[[nodiscard]] std::string_view parent_in(const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    if (name == parent_attribute) return value;
  }
  return {};
}

/// How a flow of this definition is called where topics are. No topic has a space in it.
[[nodiscard]] inline std::string subflow_name(std::string_view definition) {
  return "flow " + std::string{definition};
}
[[nodiscard]] inline bool is_subflow_name(std::string_view name) {
  return name.starts_with("flow ");
}

}  // namespace reel
