// What is taken for an event in an answer, and what an answer's status means.
#include "adapters/answered_events.h"

#include <doctest/doctest.h>

#include "adapters/http_verdict.h"
#include "event/schema_set.h"

using namespace reel;
using namespace reel::adapters;

namespace {

struct Reading {
  SchemaSet schemas;
  EventJson json{schemas, {{"label.printed", "google.protobuf.StringValue"}}};

  /// "label.printed label.printed", or the error.
  std::string lines(std::string_view text) { return words(events_of_lines(json, text)); }
  std::string body(std::string_view type, std::string_view text) {
    return words(events_of_body(json, type, text));
  }

  static std::string words(const AnsweredEvents& answered) {
    if (!answered.error.empty()) return answered.events.empty() ? answered.error : "both";
    std::string all;
    for (const auto& event : answered.events)
      all += (all.empty() ? "" : " ") + event.topic + "=" + event.subject;
    return all;
  }
};

const std::string one = R"({"type":"label.printed","subject":"a","data":"x"})";
const std::string two = R"({"specversion":"1.0","id":"2","source":"s","type":"label.printed","subject":"b"})";

}  // namespace

TEST_CASE("a program answers with an event on each line, in the whole form or the short one") {
  Reading reading;
  CHECK(reading.lines("") == "");
  CHECK(reading.lines("\n \r\n") == "");
  CHECK(reading.lines(one) == "label.printed=a");
  CHECK(reading.lines(one + "\r\n\n" + two + "\n") == "label.printed=a label.printed=b");
}

TEST_CASE("a line that is no event spoils the whole answer, and is named") {
  Reading reading;
  CHECK(reading.lines(one + "\nprinting label 7\n").starts_with("line 2: "));
  CHECK(reading.lines("{\"type\":\"label.printd\",\"data\":\"x\"}").starts_with("line 1: "));
  std::string many;
  for (std::size_t i = 0; i <= answered_events_max; ++i) many += one + "\n";
  CHECK(reading.lines(many) == "more than 1000 events");
}

TEST_CASE("an endpoint says by its content type that it answers with events") {
  Reading reading;
  CHECK(reading.body("application/cloudevents+json", two) == "label.printed=b");
  CHECK(reading.body("Application/CloudEvents+JSON ; charset=utf-8", two) == "label.printed=b");
  CHECK(reading.body("application/cloudevents-batch+json", "[" + one + "," + two + "]") ==
        "label.printed=a label.printed=b");
  CHECK(reading.body("application/cloudevents-batch+json", "[]") == "");
  CHECK(reading.body("application/json", one) == "");
  CHECK(reading.body("", "thank you") == "");
}

TEST_CASE("an answer that says it is events and is none is an error") {
  Reading reading;
  CHECK(reading.body("application/cloudevents+json", "") != "");
  CHECK(reading.body("application/cloudevents-batch+json", one) == "the batch is no JSON array");
  CHECK(reading.body("application/cloudevents-batch+json", "[" + one + ",7]").starts_with("event 2: "));
  CHECK(reading.body("application/cloudevents-batch+json", std::string(100'000, '['))
            .starts_with("the batch: "));
  CHECK(reading.body("application/cloudevents+json; charset=latin1", one) ==
        "'application/cloudevents+json; charset=latin1': only UTF-8 is read");
}

TEST_CASE("a key that stands twice is refused in a batch as in one event: which one was meant is not known") {
  Reading reading;
  const std::string twice = R"({"type":"label.printed","subject":"a","subject":"b","data":"x"})";
  const auto alone = reading.body("application/cloudevents+json", twice);
  CHECK(alone.find("subject") != std::string::npos);
  CHECK(reading.body("application/cloudevents-batch+json", "[" + one + "," + twice + "]").find("subject") !=
        std::string::npos);
  CHECK(reading.lines(twice).starts_with("line 1: "));
}

TEST_CASE("what passes is tried again, what would be answered the same is not") {
  for (const int status : {200, 202, 204}) CHECK(verdict_of(status) == HttpVerdict::handled);
  for (const int status : {0, 408, 409, 425, 429, 500, 503})
    CHECK(verdict_of(status) == HttpVerdict::not_now);
  for (const int status : {301, 400, 401, 404, 410, 422}) CHECK(verdict_of(status) == HttpVerdict::never);
}
