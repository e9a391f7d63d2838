// Bodies that strangers send to the gateway: read as commands, as what people say of incidents, and as
// messages with every kind of field; what was read is written again, and read back the same.
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/api/message_json.h"
#include "gateway/api/message_reading.h"
#include "reel/v1/query.pb.h"

namespace {

template <class Message>
void read_as(const std::string& input) {
  Message read;
  const auto wrong = reel::gateway::read_message(input, read);
  if (wrong) {
    // One sentence, however much was sent.
    if (wrong->sentence.empty() || wrong->sentence.size() > 2'000 || wrong->status < 400) std::abort();
    return;
  }
  Message again;
  if (reel::gateway::read_message(reel::gateway::message_json(read, {}), again)) std::abort();
  if (!google::protobuf::util::MessageDifferencer::Equals(read, again)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input{reinterpret_cast<const char*>(bytes), size};
  read_as<reel::v1::Command>(input);
  read_as<reel::v1::CareRequest>(input);
  read_as<reel::v1::Expectation>(input);
  return 0;
}
