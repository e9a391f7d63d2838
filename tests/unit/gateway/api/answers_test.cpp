// What is put together here from several answers: variants and edges, one event, the picture of a flow.
#include <doctest/doctest.h>

#include "api_bench.h"
#include "gateway/api/added_up.h"
#include "gateway/api/schema_text.h"
#include "search/spans.h"

using namespace reel;
using namespace reel::test;

namespace {

void add_path(v1::VariantsReply& slice, std::uint64_t count) {
  auto& row = *slice.add_variants();
  row.add_topics(static_cast<std::uint32_t>(slice.topics_size()));
  row.add_times(1);
  slice.add_topics("order.placed");
  row.set_count(count);
  search::Spans durations;
  for (std::uint64_t i = 0; i < count; ++i) durations.add(20'000'000);
  durations.write(*row.mutable_durations());
}

}  // namespace

TEST_CASE("variants are added up over the tracker's slices") {
  ApiBench bench;
  bench.bus.filled = false;
  bench.bus.tell = [](const v1::Request& request, v1::Reply& reply) {
    auto& slice = *reply.mutable_variants();
    add_path(slice, 2);
    slice.set_looked_at(10);
    if (request.variants().flows().after().empty()) slice.set_next("more");
  };
  const Json answer = bench.get("/v1/variants").json;
  CHECK(bench.bus.asked.size() == 2);
  CHECK(answer["looked_at"] == 20);
  CHECK(answer["next"] == "");
  REQUIRE(answer["variants"].size() == 1);
  CHECK(answer["variants"][0]["count"] == 4);
  CHECK(answer["variants"][0]["durations"]["count"] == 4);
  CHECK(answer["topics"] == Json{"order.placed"});
}

TEST_CASE("adding up ends where it would take too long, and says that there is more") {
  ApiBench bench;
  bench.bus.filled = false;
  int slices = 0;
  bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
    reply.mutable_edges()->set_looked_at(gateway::flows_looked_at_max / 3 + 1);
    reply.mutable_edges()->set_next("page " + std::to_string(++slices));
  };
  CHECK(bench.get("/v1/edges").json["next"] == "page 3");
  CHECK(slices == 3);
}

TEST_CASE("a tracker that does not move on is not asked for ever") {
  ApiBench bench;
  bench.bus.filled = false;
  bench.bus.tell = [](const v1::Request&, v1::Reply& reply) { reply.mutable_edges()->set_next("here"); };
  CHECK(bench.get("/v1/edges?observed=true").status == 200);
  CHECK(bench.bus.asked.size() == 2);
  CHECK(bench.bus.asked[0].edges().observed());
}

TEST_CASE("an event is found by its offset") {
  ApiBench bench{"order.placed\norder.paid from event-1"};
  bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
    reply.mutable_services()->set_end_offset(bench.journal().end());
  };
  const Answer there = bench.get("/v1/events/2");
  CHECK(there.status == 200);
  CHECK(there.json["event"]["id"] == "event-2");
  CHECK(there.json["event"]["causationid"] == "event-1");
  CHECK(there.json["event"]["reeloffset"] == 2);
  const Answer gone = bench.get("/v1/events/3");
  CHECK(gone.status == 404);
  CHECK(gone.detail() == "the journal holds no event at offset 3");
}

TEST_CASE("the picture of a flow has its deliveries, and without a broker the rest") {
  ApiBench bench{
      "payments wants order.placed@1\n"
      "order.placed\n"
      "payments/7c2f report delivered 2 acked 2"};
  bench.bus.filled = false;
  bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
    if (reply.has_services()) {
      auto& service = *reply.mutable_services()->add_services();
      service.set_service("payments");
      service.add_filters()->set_pattern("order.placed");
      reply.mutable_services()->set_end_offset(bench.journal().end());
      reply.mutable_services()->set_now(JournalInWords::time_of(bench.journal().end()));
      return;
    }
    auto& flow = *reply.mutable_flow();
    flow.mutable_summary()->set_correlationid("order-7");
    auto& step = *flow.add_steps();
    step.set_offset(2);
    step.set_id("event-2");
    step.set_topic("order.placed");
    flow.set_next(9);
  };
  const Answer whole = bench.get("/v1/flows/order-7/picture");
  CHECK(whole.status == 200);
  REQUIRE(whole.json["steps"][0]["services"].size() == 1);
  CHECK(whole.json["steps"][0]["services"][0]["service"] == "payments");
  CHECK(whole.json["steps"][0]["services"][0]["state"] == "acked");
  CHECK(whole.json["next"] == 9);

  bench.bus.broker_is_there = false;
  const Answer tree = bench.get("/v1/flows/order-7/picture");
  CHECK(tree.status == 200);
  CHECK(tree.json["steps"].size() == 1);
  CHECK_FALSE(tree.json.contains("clocks"));
}

TEST_CASE("a schema is told as a .proto file has it, with the topics it is of") {
  ApiBench bench;
  auto& topic = *bench.bus.schemas.add_topics();
  topic.set_topic("order.placed");
  topic.set_type("google.protobuf.StringValue");
  const Json answer = bench.get("/v1/schemas/google.protobuf.StringValue").json;
  CHECK(answer["type"] == "google.protobuf.StringValue");
  CHECK(answer["file"] == "google/protobuf/wrappers.proto");
  CHECK(answer["text"].get<std::string>().starts_with("message StringValue {\n  string value = 1;\n}\n"));
  CHECK(answer["topics"] == Json{"order.placed"});
  CHECK(bench.get("/v1/schemas/shop.v1.Odd").status == 404);
}

TEST_CASE("what a message is made of stands behind it, each once, protobuf's own left out") {
  const auto text = gateway::schema_text(*v1::Reply::descriptor());
  CHECK(text.starts_with("message Reply {\n"));
  const auto first = text.find("\nmessage FlowReply {\n");
  CHECK(first != std::string::npos);
  CHECK(text.find("\nmessage FlowReply {\n", first + 1) == std::string::npos);
  CHECK(text.find("message Timestamp") == std::string::npos);
}
