// Foreign bytes never crash: they load, or they are refused with a report that a terminal can show.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>

#include "config_bench.h"

using namespace reel::config;

namespace {

void is_answered(const std::string& text) {
  const auto report = problems_of(text, knows({"A", "reel.v1.FlowOverdue"}));
  if (report == "valid") return;
  RC_ASSERT(report.find("reel.yaml: ") != std::string::npos);
  RC_ASSERT(std::none_of(report.begin(), report.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  }));
}

// Texts of what YAML and reel.yaml are made of: they get further than random bytes.
rc::Gen<std::string> yaml_like() {
  const auto pieces = rc::gen::element<std::string>(
      "topics:", "routes:", "services:", "flows:", "broker:", "journal:", "expect:", "any_of:", "end:",
      "when:", "a", "type:", "A", ": ", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ",", "\"", "'",
      "|\n", ">\n", "&x ", "*x", "!t ", "? ", "#", "---\n", "...\n", "\t", "5s", "30", "~", "ä", "%", "<<: ");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces), [](const auto& drawn) {
    std::string text;
    for (const auto& piece : drawn) text += piece;
    return text;
  });
}

}  // namespace

TEST_CASE("random bytes are answered") {
  CHECK(rc::check([](const std::string& text) { is_answered(text); }));
}

TEST_CASE("random YAML is answered") {
  CHECK(rc::check([] { is_answered(*yaml_like()); }));
}

TEST_CASE("a valid file with one byte changed, or cut, is answered") {
  const std::string valid = R"(topics: {a: {type: A}, b: {type: A}, o: {type: reel.v1.FlowOverdue}}
routes: [{from: a, to: b}]
services:
  p: {topics: [">"], ack_timeout: 1s, retry: {attempts: 3, backoff: [1s], jitter: 1%}}
flows:
  f:
    start: a
    expect: [{after: a, any_of: [b], within: 5s, owner: "p"}]
    on_overdue: {publish: o}
broker: {listen: 'tcp://127.0.0.1:1', journal: {sync: os, retain_bytes: 1GiB}}
)";
  CHECK(problems_of(valid, knows({"A", "reel.v1.FlowOverdue"})) == "valid");
  CHECK(rc::check([&] {
    auto text = valid;
    text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    is_answered(text);
  }));
  CHECK(rc::check([&] { is_answered(valid.substr(0, *rc::gen::inRange<std::size_t>(0, valid.size()))); }));
}

TEST_CASE("a file of the largest size is answered, whatever it is made of") {
  for (const auto* piece :
       {"[", "{", "- ", "? ", ": ", "&a ", "*a ", "!a ", "\"", "a: {", "\n", "#", "%", "-\n", "a"}) {
    CAPTURE(piece);
    std::string text;
    while (text.size() < 1u << 20) text += piece;
    text.resize(1u << 20);
    CHECK(problems_of(text).find("reel.yaml: ") != std::string::npos);
  }
}
