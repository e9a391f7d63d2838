// Foreign payloads: whatever PayloadCheck accepts, libprotobuf must parse. The type is one of ours that has
// nested and repeated messages, packed numbers, maps, strings and bytes.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/payload_check.h"
#include "reel/v1/query.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const reel::PayloadCheck check{*reel::v1::Reply::descriptor()};
  const std::string data{reinterpret_cast<const char*>(bytes), size};
  const auto fault = check.check(data);
  if (!fault && !reel::v1::Reply{}.ParseFromString(data)) std::abort();
  if (fault && fault->size() > 1000) std::abort();
  return 0;
}
