#include "tracker/inquiries.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::tracker;
using namespace std::chrono_literals;

namespace {

class FakeLine final : public BrokerLine {
 public:
  std::uint64_t post(v1::Request request) override {
    asked.push_back(std::move(request));
    return asked.size();
  }
  std::optional<v1::Reply> poll() override {
    if (replies.empty()) return std::nullopt;
    auto reply = std::move(replies.front());
    replies.pop_front();
    return reply;
  }
  /// Answers the question with this id: every event was on topic "t".
  void answers(std::uint64_t id) {
    v1::Reply reply;
    reply.set_id(id);
    for (const auto offset : asked.at(id - 1).fates().offsets()) {
      auto& event = *reply.mutable_fates()->add_events();
      event.set_offset(offset);
      event.set_topic("t");
    }
    for (const auto& flow : asked.at(id - 1).fates().correlationids())
      reply.mutable_fates()->add_flows()->set_correlationid(flow);
    replies.push_back(std::move(reply));
  }

  std::vector<v1::Request> asked;
  std::deque<v1::Reply> replies;
};

struct Bench {
  /// Asks about these offsets; what is told goes to `told` as "flow: offsets", or "flow: -" for no answer.
  bool asks(const std::string& flow, std::vector<std::uint64_t> offsets) {
    return inquiries.ask({.offsets = std::move(offsets),
                          .correlationid = flow,
                          .until = now + 1s,
                          .told = [this, flow](const v1::FatesReply* fates) {
                            told += flow + ":";
                            if (fates == nullptr) {
                              told += " -";
                            } else {
                              for (const auto& event : fates->events())
                                told += " " + std::to_string(event.offset());
                            }
                            told += "\n";
                          }});
  }
  FakeLine line;
  Inquiries inquiries{&line};
  Inquiries::Time now{};
  std::string told;
};

}  // namespace

TEST_CASE("what is asked at a time is one question, and each is told its own") {
  Bench bench;
  CHECK(bench.asks("a", {1, 3}));
  CHECK(bench.asks("b", {2, 3}));
  bench.inquiries.turn(bench.now);
  REQUIRE(bench.line.asked.size() == 1);
  CHECK(bench.line.asked[0].fates().offsets_size() == 3);
  bench.line.answers(1);
  bench.inquiries.turn(bench.now);
  CHECK(bench.told == "a: 1 3\nb: 2 3\n");
  CHECK_FALSE(bench.inquiries.waiting());
}

TEST_CASE("only so many questions are on their way; the rest are joined to the next") {
  Bench bench;
  for (int i = 0; i < 1'000; ++i)
    CHECK(bench.asks("f" + std::to_string(i), {static_cast<std::uint64_t>(i) + 1}));
  bench.inquiries.turn(bench.now);
  CHECK(bench.line.asked.size() == inquiries_in_flight_max);
  CHECK(bench.line.asked[0].fates().offsets_size() == 256);
  bench.line.answers(2);
  bench.inquiries.turn(bench.now);
  CHECK(bench.line.asked.size() == inquiries_in_flight_max + 1);
}

TEST_CASE("who is not answered in time is told so, once, and a late answer is nobody's") {
  Bench bench;
  CHECK(bench.asks("a", {1}));
  bench.inquiries.turn(bench.now);
  bench.now += 999ms;
  bench.inquiries.turn(bench.now);
  CHECK(bench.told == "");
  bench.now += 1ms;
  bench.inquiries.turn(bench.now);
  CHECK(bench.told == "a: -\n");
  bench.line.answers(1);
  CHECK(bench.asks("b", {1}));
  bench.inquiries.turn(bench.now);
  CHECK(bench.told == "a: -\n");
}

TEST_CASE("without a line, or with too many waiting, nothing is taken") {
  Inquiries nobody{nullptr};
  CHECK_FALSE(nobody.ask({}));
  Bench bench;
  for (std::size_t i = 0; i < inquiries_max; ++i) REQUIRE(bench.asks("f", {1}));
  CHECK_FALSE(bench.asks("f", {1}));
}

TEST_CASE("services are asked for once, and each inquiry is told of its own") {
  Bench bench;
  std::string told;
  const auto asks = [&](const std::string& flow, std::vector<std::string> services) {
    CHECK(bench.inquiries.ask({.offsets = {},
                               .correlationid = flow,
                               .services = std::move(services),
                               .until = bench.now + 1s,
                               .told = [&told, flow](const v1::FatesReply* fates) {
                                 told += flow + ":";
                                 for (const auto& service : fates->services())
                                   told += " " + service.service();
                                 told += "\n";
                               }}));
  };
  asks("a", {"payments", "bank"});
  asks("b", {"payments"});
  asks("c", std::vector<std::string>(33, "many"));
  bench.inquiries.turn(bench.now);
  REQUIRE(bench.line.asked.size() == 1);
  const auto& asked = bench.line.asked[0].fates();
  CHECK(std::vector<std::string>{asked.services().begin(), asked.services().end()} ==
        std::vector<std::string>{"bank", "many", "payments"});
  v1::Reply reply;
  reply.set_id(1);
  for (const auto& service : asked.services()) reply.mutable_fates()->add_services()->set_service(service);
  bench.line.replies.push_back(reply);
  bench.inquiries.turn(bench.now);
  CHECK(told == "a: bank payments\nb: payments\nc: many\n");
}
