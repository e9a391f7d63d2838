// A small mesh as an adapter hears of it from the broker: two topics that carry well-known types.
#pragma once

#include <utility>

#include "reel/v1/query.pb.h"

namespace reel::test {

inline v1::SchemasReply shop_schemas() {
  v1::SchemasReply reply;
  for (const auto& [topic, type] : {std::pair{"order.placed", "google.protobuf.Struct"},
                                    std::pair{"label.printed", "google.protobuf.StringValue"}}) {
    auto& one = *reply.add_topics();
    one.set_topic(topic);
    one.set_type(type);
    one.set_durable(true);
  }
  return reply;
}

}  // namespace reel::test
