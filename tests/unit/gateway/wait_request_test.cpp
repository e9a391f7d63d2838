#include "gateway/wait_request.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace reel;
using namespace reel::gateway;
using nlohmann::json;

namespace {

/// A tracker that answers as it is told.
struct FakeBus : Bus {
  v1::Reply reply;
  bool silent = false;
  v1::Request asked;
  v1::Reply ask_broker(v1::Request) override { return {}; }
  v1::Reply ask_tracker(v1::Request request) override {
    asked = request;
    if (silent) throw NotReachable{"nobody"};
    return reply;
  }
};

std::variant<std::optional<WaitWish>, HttpResponse> read_wait(std::multimap<std::string, std::string> query) {
  HttpRequest request;
  request.query = std::move(query);
  return read_wait_request(request);
}

std::optional<WaitWish> wish_of(std::multimap<std::string, std::string> query) {
  const auto result = read_wait(std::move(query));
  REQUIRE(result.index() == 0);
  return std::get<0>(result);
}

PublishResult just_published() {
  PublishResult result;
  result.outcome = PublishOutcome::accepted;
  result.offset = 7;
  result.id = "e-1";
  result.correlationid = "flow-1";
  return result;
}

const WaitJson outcome_only = [](const v1::WaitReply& reply) {
  return "{\"outcome\":" + std::to_string(reply.outcome()) + "}";
};

}  // namespace

TEST_CASE("who waits says for what and how long") {
  CHECK_FALSE(wish_of({}));
  CHECK(wish_of({{"wait", "settled"}})->until == v1::WaitRequest::UNTIL_SETTLED);
  CHECK(wish_of({{"wait", "settled"}})->timeout == wait_default);
  CHECK(wish_of({{"wait", "completed"}, {"timeout", "500ms"}})->until == v1::WaitRequest::UNTIL_COMPLETED);
  CHECK(wish_of({{"wait", "completed"}, {"timeout", "500ms"}})->timeout == std::chrono::milliseconds{500});
  for (const auto& wrong :
       std::vector<std::multimap<std::string, std::string>>{{{"wait", ""}},
                                                            {{"wait", "done"}},
                                                            {{"wait", "settled"}, {"timeout", "10"}},
                                                            {{"wait", "settled"}, {"timeout", "2m"}},
                                                            {{"wait", "settled"}, {"timeout", "0s"}},
                                                            {{"timeout", "1s"}},
                                                            {{"wiat", "settled"}}}) {
    const auto result = read_wait(wrong);
    REQUIRE(result.index() == 1);
    CHECK(std::get<1>(result).status == 400);
  }
}

TEST_CASE("the flow's end stands beside what was published") {
  FakeBus bus;
  bus.reply.mutable_wait()->set_outcome(v1::WaitReply::OUTCOME_COMPLETED);
  const auto answer = waited(just_published(), {v1::WaitRequest::UNTIL_COMPLETED, std::chrono::seconds{2}},
                             bus, outcome_only);
  CHECK(answer.status == 202);
  CHECK(json::parse(answer.body)["outcome"] == "accepted");
  CHECK(json::parse(answer.body)["wait"]["outcome"] == 2);
  CHECK(bus.asked.wait().correlationid() == "flow-1");
  CHECK(bus.asked.wait().offset() == 7);
  CHECK(bus.asked.wait().timeout_ms() == 2'000);
}

TEST_CASE("an event that was taken stays taken where the wait fails") {
  FakeBus bus;
  bus.silent = true;
  auto answer = waited(just_published(), {}, bus, outcome_only);
  CHECK(answer.status == 202);
  CHECK(json::parse(answer.body)["wait_error"] == "the tracker does not answer: nobody");
  bus.silent = false;
  bus.reply.set_error("too many wait");
  CHECK(json::parse(waited(just_published(), {}, bus, outcome_only).body)["wait_error"] == "too many wait");
  auto unknown = just_published();
  unknown.outcome = PublishOutcome::duplicate;
  unknown.correlationid.clear();
  answer = waited(unknown, {}, bus, outcome_only);
  CHECK(answer.status == 200);
  CHECK(json::parse(answer.body)["wait_error"].get<std::string>().starts_with("the flow of the first event"));
}
