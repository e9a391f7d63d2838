// Foreign batches: judged and admitted by the broker, whatever they are. What is admitted must be readable
// again, by us and by libprotobuf.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "admit/admission.h"
#include "reel/v1/event.pb.h"

namespace {

using namespace reel;
using namespace reel::broker;

void expect(bool holds) {
  if (!holds) std::abort();
}

config::Model model() {
  config::Model model;
  model.topics["a"] = {.type = "google.protobuf.StringValue"};
  model.topics["b.c"] = {.type = "google.protobuf.Struct", .durable = false};
  return model;
}

void check_stored(const StoredBatch& batch) {
  std::string bytes;
  for (const auto piece : batch.pieces) bytes += piece;
  StoredBatch again;
  expect(again.append(nullptr, bytes));
  expect(again.count() == batch.count());
  for (const auto& event : batch.events) expect(v1::Event{}.ParseFromString(std::string{event.bytes}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const SchemaSet schemas;
  static const Admission admission{model(), schemas};
  auto judged = admission.judge({reinterpret_cast<const char*>(bytes), size}, "anyone");
  const auto accepted = judged.accepted();
  for (const auto& refusal : judged.refusals())
    expect(refusal.IsInitialized() && refusal.text().size() < 1000);
  const auto admitted = std::move(judged).admit(nullptr);
  expect(admitted.journal.count() + admitted.live.count() == accepted);
  check_stored(admitted.journal);
  check_stored(admitted.live);
  return 0;
}
