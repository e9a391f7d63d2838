#include "gateway/api/message_reading.h"

#include <doctest/doctest.h>

#include "api_bench.h"
#include "gateway/api/message_json.h"
#include "reel/v1/ledger.pb.h"
#include "reel/v1/query.pb.h"

using namespace reel;
using namespace reel::test;

namespace {

template <class Message>
std::string refusal(const std::string& text, int status = 422) {
  Message message;
  const auto wrong = gateway::read_message(text, message);
  REQUIRE(wrong);
  CHECK(wrong->status == status);
  return wrong->sentence;
}

}  // namespace

TEST_CASE("a command is read as it is written") {
  v1::Command command;
  command.set_by("ada@shop");
  command.set_service("payments");
  auto& replay = *command.mutable_replay();
  replay.set_from_offset(1);
  replay.set_to_offset(1'000);
  replay.add_patterns("order.>");
  replay.set_speed(2.5);
  v1::Command read;
  CHECK_FALSE(gateway::read_message(gateway::message_json(command, {}), read));
  CHECK(read.SerializeAsString() == command.SerializeAsString());
}

TEST_CASE("a pause ends at a time, or is not said to end") {
  v1::Command until;
  CHECK_FALSE(gateway::read_message(R"({"pause":{"until":"2026-03-01T12:00:00Z"}})", until));
  CHECK(until.pause().until() == noon);
  v1::Command open;
  CHECK_FALSE(gateway::read_message(R"({"pause":{"until":null}})", open));
  CHECK(open.has_pause());
  CHECK(open.pause().until() == 0);
}

TEST_CASE("durations are read in milliseconds, words by their names") {
  v1::Expectation expectation;
  CHECK_FALSE(gateway::read_message(R"({"not_before_ms":1.5,"verdict":"met_late"})", expectation));
  CHECK(expectation.not_before() == 1'500'000);
  CHECK(expectation.verdict() == v1::VERDICT_MET_LATE);
}

TEST_CASE("what does not fit is refused with its place") {
  using v1::Command;
  CHECK(refusal<Command>("[]") == "the body must be an object");
  CHECK(refusal<Command>(R"({"servce":"x"})") == "unknown key 'servce', did you mean 'service'?");
  CHECK(refusal<Command>(R"({"by":7})") == "by: '7' is not a text");
  CHECK(refusal<Command>(R"({"redrive":[]})") == "redrive: must be an object");
  CHECK(refusal<Command>(R"({"redrive":{"offsets":7}})") == "redrive.offsets: '7' is not an array");
  CHECK(refusal<Command>(R"({"redrive":{"offsets":[1,2,-3]}})") ==
        "redrive.offsets[2]: '-3' is not a whole number");
  CHECK(refusal<Command>(R"({"redrive":{"offsets":[1.5]}})") ==
        "redrive.offsets[0]: '1.5' is not a whole number");
  CHECK(refusal<Command>(R"({"redrive":{"offsets":["1"]}})") ==
        "redrive.offsets[0]: '\"1\"' is not a whole number");
  CHECK(refusal<Command>(R"({"redrive":{"offsets":[1e30]}})").starts_with("redrive.offsets[0]: "));
  CHECK(refusal<Command>(R"({"redrive":{"ofsets":[1]}})") ==
        "redrive: unknown key 'ofsets', did you mean 'offsets'?");
  CHECK(refusal<Command>(R"({"pause":{"until":"noon"}})") ==
        "pause.until: '\"noon\"' is not a time such as 2026-03-01T10:00:00Z, or null");
  CHECK(refusal<Command>(R"({"pause":{},"resume":{}})") ==
        "resume: 'pause' is said already; only one of them can be meant");
  CHECK(refusal<Command>(R"({"service":null})") == "service: 'null' is not a text");
  CHECK(refusal<v1::Expectation>(R"({"seen":4294967296})") == "seen: '4294967296' is not so small a number");
  CHECK(refusal<v1::Expectation>(R"({"any_of":1})") == "any_of: '1' is not true or false");
  CHECK(refusal<v1::Expectation>(R"({"not_before_ms":-1})") ==
        "not_before_ms: '-1' is not a duration in milliseconds, of at most ten years");
  CHECK(refusal<v1::FlowSummary>(R"({"state":"late"})") ==
        "state: '\"late\"' is not one of unknown, open, overdue, completed, untracked");
  CHECK(refusal<v1::Failure>(R"({"key_hash":"00"})") == "key_hash: cannot be given");
}

TEST_CASE("what is no JSON, twice said, too deep or too long is refused before it is looked at") {
  CHECK(refusal<v1::Command>("{", 400).starts_with("bad JSON at line 1, column 2"));
  CHECK(refusal<v1::Command>(R"({"by":"a","by":"b"})", 400) == "the key 'by' stands twice in one object");
  CHECK(refusal<v1::Command>(std::string(1'000, '['), 400) == "the JSON text is nested deeper than 8 levels");
  CHECK(refusal<v1::Command>(std::string(gateway::body_bytes_max + 1, ' '), 413) ==
        "the body is longer than 1048576 bytes");
  CHECK(refusal<v1::Command>("{\"by\":\"\xff\"}", 400).starts_with("bad JSON"));
}
