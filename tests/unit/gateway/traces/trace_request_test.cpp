// What a back end's answer means for a request.
#include "gateway/traces/trace_request.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::gateway;
using namespace std::chrono_literals;
using Outcome = TraceRequest::Outcome;

namespace {

const TraceRequest::Time start{};

outward::Answer status(int code, const std::string& retry_after = "") {
  outward::Answer answer;
  answer.status = code;
  answer.retry_after = retry_after;
  return answer;
}

}  // namespace

TEST_CASE("OTLP says what is worth another attempt") {
  for (const int code : {200, 202, 204})
    CHECK(TraceRequest{"", 1, 5min, start}.answered(status(code), start) == Outcome::taken);
  for (const int code : {0, 429, 502, 503, 504})
    CHECK(TraceRequest{"", 1, 5min, start}.answered(status(code), start) == Outcome::again);
  for (const int code : {301, 400, 401, 404, 413, 500})
    CHECK(TraceRequest{"", 1, 5min, start}.answered(status(code), start) == Outcome::refused);
}

TEST_CASE("waits double up to half a minute, are no shorter than was asked for, and end") {
  TraceRequest request{"", 1, 5min, start};
  auto now = start;
  std::string waits;
  while (request.answered(status(503), now) == Outcome::again) {
    waits += std::to_string((request.due() - now) / 1s) + " ";
    now = request.due();
  }
  CHECK(waits == "1 2 4 8 16 30 30 30 30 30 30 30 30 ");
  CHECK(now <= start + 5min);

  TraceRequest asked{"", 1, 5min, start};
  CHECK(asked.answered(status(429, "90"), start) == Outcome::again);
  CHECK(asked.due() == start + 90s);
  CHECK(TraceRequest{"", 1, 5min, start}.answered(status(429, "3600"), start) == Outcome::given_up);
  CHECK(TraceRequest{"", 1, 0s, start}.answered(status(503), start) == Outcome::given_up);
}

TEST_CASE("what was left out of a request that was taken is read from its answer, whatever that is") {
  CHECK(rejected_spans(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})") == 3);
  CHECK(rejected_spans(R"({"partialSuccess":{"rejectedSpans":4}})") == 4);
  for (const char* other : {"", "{}", "null", "[]", "thank you", R"({"partialSuccess":null})",
                            R"({"partialSuccess":{"rejectedSpans":"x"}})",
                            R"({"partialSuccess":{"rejectedSpans":-1}})", R"({"partialSuccess":[1]})"})
    CHECK(rejected_spans(other) == 0);
}
