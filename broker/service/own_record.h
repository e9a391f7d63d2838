// The broker's own records - reports, subscriptions, commands - as encoded batches of one event each.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// A batch with one event on `topic`: `message`, in the "flow" of the service it is about.
[[nodiscard]] std::string own_record(std::string_view topic, std::string_view service,
                                     const google::protobuf::Message& message, LogTime now);
/// What a record on a service's redelivery topic says.
[[nodiscard]] v1::RedeliveryRecord redelivery_in(const StoredEvent& event);

}  // namespace reel::broker
