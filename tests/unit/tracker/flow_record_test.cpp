#include "tracker/flow_record.h"

#include <doctest/doctest.h>

#include "tracker_bench.h"

using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

constexpr auto a_then_b =
    "flow f start a\n"
    "  a -> b within 5s";

// A flow that waits for b, as a record, once it was tampered with.
class Tampered {
 public:
  Tampered() {
    for (const auto& [name, flow] : flows_of(a_then_b)) (void)definitions_.add_current(name, flow);
    flow_.correlation = packed_id("order-7");
    flow_.started_at = flow_.last_at = 1;
    (void)flow_.steps.add({.offset = 1, .log_time = 1, .topic = 1, .source = 2, .id = packed_});
    flow_.add_instance(0, definitions_[0]);
    flow_.claims.push_back({.armed_at = 1, .deadline = 9});
    flow_.enqueue(0);
  }
  /// What reading it says; empty where it can be read.
  [[nodiscard]] std::string read() {
    std::string record(packed_bytes_max(flow_), '\0');
    record.resize(static_cast<std::size_t>(pack(flow_, definitions_, record.data()) - record.data()));
    Flow again;
    try {
      unpack(record, definitions_, again);
    } catch (const RecordError& error) {
      return error.what();
    }
    return {};
  }
  [[nodiscard]] Flow& flow() { return flow_; }

 private:
  Names names_;
  DefinitionSet definitions_{names_};
  std::string packed_ = packed_id("e1");
  Flow flow_;
};

}  // namespace

TEST_CASE("a stored flow whose claim was armed by no step of it is damaged") {
  Tampered tampered;
  CHECK(tampered.read() == "");
  tampered.flow().claims[0].after_step = 1;
  CHECK(tampered.read() == "a stored claim was armed by no step");
}

TEST_CASE("a stored flow in a state that there is not is damaged") {
  Tampered tampered;
  tampered.flow().instances[0].state = static_cast<reel::v1::FlowState>(77);
  CHECK(tampered.read() == "a stored flow has an unknown state");
}
