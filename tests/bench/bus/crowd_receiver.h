// Many small subscriptions in one process: a service each, of one flow each, by a `when` of its own.
#pragma once

#include <memory>

#include "peer.h"

namespace reel::bench {

/// Subscription i of task.subscriptions wants the events of flow i of as many.
[[nodiscard]] std::unique_ptr<Receiver> make_crowd(const Task& task);

/// The payload that an event of ours carries in a google.protobuf.BytesValue.
[[nodiscard]] std::string_view value_of(std::string_view data);
/// How an event of flow `key` is named.
[[nodiscard]] std::string flow_of(std::uint64_t key);

}  // namespace reel::bench
