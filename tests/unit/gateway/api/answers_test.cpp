// What is put together here from several answers: variants and edges, one event, the picture of a flow.
#include <doctest/doctest.h>

#include "api_bench.h"
#include "gateway/api/added_up.h"
#include "gateway/api/dead_groups.h"
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

TEST_CASE("the story of an event has how it ended for each service") {
  ApiBench bench{
      "payments wants order.placed@1\n"
      "order.placed\n"
      "payments/7c2f report delivered 2 acked 2"};
  bench.bus.filled = false;
  bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
    auto& service = *reply.mutable_services()->add_services();
    service.set_service("payments");
    service.add_filters()->set_pattern("order.placed");
    reply.mutable_services()->set_end_offset(bench.journal().end());
    reply.mutable_services()->set_now(JournalInWords::time_of(bench.journal().end()));
  };
  const Json story = bench.get("/v1/events/2/story").json;
  CHECK(story["state"] == "settled");
  CHECK(story["reeloffset"] == 2);
  REQUIRE(story["services"].size() == 1);
  CHECK(story["services"][0]["state"] == "acked");
  CHECK(bench.get("/v1/events/9/story").detail() == "the journal holds no event at offset 9");
}

TEST_CASE("the newest event of each topic comes page by page, by topic") {
  ApiBench bench{"order.placed\norder.paid from event-1\norder.placed"};
  bench.bus.filled = false;
  bench.bus.tell = [&](const v1::Request& request, v1::Reply& reply) {
    if (request.has_services()) {
      reply.mutable_services()->set_end_offset(bench.journal().end());
      reply.mutable_services()->set_now(JournalInWords::time_of(bench.journal().end()));
      return;
    }
    const std::pair<const char*, std::uint64_t> topics[] = {
        {"order.placed", 3}, {"order.lost", 0}, {"order.paid", 2}};
    for (const auto& [name, newest] : topics) {
      auto& topic = *reply.mutable_topics()->add_topics();
      topic.set_topic(name);
      topic.set_newest_offset(newest);
    }
  };
  const Json first = bench.get("/v1/last?topics=order.*&limit=1").json;
  REQUIRE(first["events"].size() == 1);
  CHECK(first["events"][0]["reeloffset"] == 2);
  CHECK(first["next"] == "order.paid");
  const Json second = bench.get("/v1/last?limit=1&after=order.paid").json;
  REQUIRE(second["events"].size() == 1);
  CHECK(second["events"][0]["reeloffset"] == 3);
  CHECK(second["next"] == "");
  CHECK(bench.get("/v1/last?topics=a..b").status == 400);
}

TEST_CASE("dead letters are counted by error over the broker's pages, and no longer than is bearable") {
  ApiBench bench;
  bench.bus.filled = false;
  std::uint64_t pages = 0;
  std::uint64_t pages_max = 2;
  bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
    ++pages;
    for (int i = 0; i < 100; ++i) {
      auto& letter = *reply.mutable_dead()->add_letters();
      letter.set_service("payments");
      letter.mutable_failure()->set_error("order " + std::to_string(i) + " not found");
    }
    if (pages < pages_max) reply.mutable_dead()->set_next(pages);
    reply.mutable_dead()->set_next_service("payments");
  };
  const Json whole = bench.get("/v1/dead/groups").json;
  REQUIRE(whole["groups"].size() == 1);
  CHECK(whole["groups"][0]["error"] == "order <n> not found");
  CHECK(whole["groups"][0]["count"] == 200);
  CHECK(whole["next"] == 0);

  pages = 0;
  pages_max = 1'000;
  const Json part = bench.get("/v1/dead/groups").json;
  CHECK(part["looked_at"] == gateway::letters_looked_at_max);
  CHECK(part["next"] == gateway::letters_looked_at_max / 100);
  CHECK(part["next_service"] == "payments");
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
