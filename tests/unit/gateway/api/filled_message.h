// Messages with something in every field, so that no field of an answer goes unseen.
#pragma once

#include <google/protobuf/message.h>

namespace reel::test {

/// Sets every field to something that is not zero, two of each repeated one; of a oneof its last member.
/// Times differ, enums have their last value, encoded events are ones.
void fill(google::protobuf::Message& message);

}  // namespace reel::test
