#include "gateway/events/stream_request.h"

#include <doctest/doctest.h>

using namespace reel::gateway;
using From = StreamRequest::From;

namespace {

std::variant<StreamRequest, HttpResponse> read_stream(std::multimap<std::string, std::string> query,
                                                      const std::string& last_event_id = "") {
  HttpRequest request;
  request.query = std::move(query);
  if (!last_event_id.empty()) request.headers.emplace("last-event-id", last_event_id);
  return read_stream_request(request);
}

StreamRequest stream_of(std::multimap<std::string, std::string> query,
                        const std::string& last_event_id = "") {
  const auto result = read_stream(std::move(query), last_event_id);
  REQUIRE(std::holds_alternative<StreamRequest>(result));
  return std::get<StreamRequest>(result);
}

int stream_status(std::multimap<std::string, std::string> query, const std::string& last_event_id = "") {
  const auto result = read_stream(std::move(query), last_event_id);
  const auto* refusal = std::get_if<HttpResponse>(&result);
  return refusal == nullptr ? 200 : refusal->status;
}

}  // namespace

TEST_CASE("topics are patterns, and the same ones are the same whatever their order") {
  CHECK(stream_of({}).topics() == ">");
  CHECK(stream_of({{"topics", "payment.*,order.placed,payment.*"}}).topics() == "order.placed,payment.*");
  CHECK(stream_status({{"topics", ""}}) == 400);
  CHECK(stream_status({{"topics", "order.placed,"}}) == 400);
  CHECK(stream_status({{"topics", "Order"}}) == 400);
  std::string many = "t0";
  for (int i = 1; i <= 50; ++i) many += ",t" + std::to_string(i);
  CHECK(stream_status({{"topics", many}}) == 400);
  CHECK(stream_status({{"topic", "order.placed"}}) == 400);  // a slip is not "everything"
}

TEST_CASE("a stream begins at the end, at the begin, or at an offset; a browser that comes back goes on") {
  CHECK(stream_of({}).from == From::latest);
  CHECK(stream_of({{"from", "latest"}}).from == From::latest);
  CHECK(stream_of({{"from", "earliest"}}).from == From::earliest);
  CHECK(stream_of({{"from", "42"}}).from == From::offset);
  CHECK(stream_of({{"from", "42"}}).offset == 42);
  CHECK(stream_of({{"from", "earliest"}}, "571").from == From::offset);
  CHECK(stream_of({{"from", "earliest"}}, "571").offset == 572);
  for (const char* from : {"", "new", "-1", "42x", "18446744073709551615", "99999999999999999999"}) {
    CAPTURE(from);
    CHECK(stream_status({{"from", from}}) == 400);
  }
  CHECK(stream_status({}, "x") == 400);
}
