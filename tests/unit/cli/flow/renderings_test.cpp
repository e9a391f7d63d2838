// A flow as pictures for other programs: whole texts, and what hostile names can do to them.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/flow/dot.h"
#include "cli/flow/mermaid.h"
#include "cli/flow/sequence_text.h"
#include "cli/flow_tree.h"
#include "flow_in_words.h"
#include "story/flow_json.h"
#include "story/otlp.h"
#include "story/picture_json.h"

using namespace reel::cli;
using namespace reel::story;
using reel::test::FlowInWords;
namespace v1 = reel::v1;

namespace {

constexpr const char* failed_once = R"(
  order.placed
  payments wants order.placed@1
  audit wants payment.captured@1
  payments/7c2f report delivered 1 nacked 1
  payments/7c2f report delivered 1#2
  payment.captured from event-1
  payments/7c2f report acked 1 floor 2
)";

std::string sequence_of(FlowInWords& flow) {
  return flow.drawn([](const FlowPicture& picture, const Sink& out) {
    sequence_text(Sequence{picture}, Terminal::none(), out);
  });
}

std::string mermaid_sequence_of(FlowInWords& flow) {
  return flow.drawn(
      [](const FlowPicture& picture, const Sink& out) { mermaid_sequence(Sequence{picture}, out); });
}

/// Quotes, line ends, brackets, escapes, entities, comments and words of the languages.
constexpr const char* hostile = "end\"]\n--> x; %% #quot; <b>\\\" \x1b[2J\xff|{}`";

void make_hostile(FlowInWords& flow) {
  for (auto& step : *flow.reply().mutable_steps()) {
    step.set_topic(std::string{hostile} + step.topic());
    step.set_source(std::string{hostile} + "/1");
  }
  flow.reply().mutable_summary()->set_correlationid(hostile);
}

}  // namespace

TEST_CASE("a sequence shows who was handed what, and a heavy line while it is in hand") {
  FlowInWords flow{failed_once};
  CHECK(sequence_of(flow) ==
        "order-7  untracked  2 events since 2026-03-01 10:02:11\n"
        "                orders  payments  audit\n"
        "  10:02:11.010     ●        │       │      order.placed\n"
        "  10:02:11.035     ├───────▶┃       │      order.placed\n"
        "  10:02:11.040     │        ✗       │      order.placed failed: std::runtime_error: card reader "
        "broken; again "
        "in 20ms\n"
        "  10:02:11.045     ├───────▶┃       │      order.placed #2\n"
        "  10:02:11.060     │        ●       │      payment.captured\n"
        "  10:02:11.060     │        ├┄┄┄┄┄┄▶│      payment.captured not handed over\n"
        "  10:02:11.070     │        ■       │      order.placed acked\n");
}

TEST_CASE("a sequence in Mermaid has a lifeline for each service, boxes, and failures in colour") {
  FlowInWords flow{failed_once};
  CHECK(mermaid_sequence_of(flow) ==
        "sequenceDiagram\n"
        "  participant s0 as orders\n"
        "  participant s1 as payments\n"
        "  participant s2 as audit\n"
        "  s0->>s1: order.placed\n"
        "  activate s1\n"
        "  rect rgb(255, 220, 220)\n"
        "  s1--xs0: order.placed failed: std::runtime_error: card reader broken#59; again in 20ms\n"
        "  end\n"
        "  deactivate s1\n"
        "  s0->>s1: order.placed #35;2\n"
        "  activate s1\n"
        "  s1-)s2: payment.captured not handed over\n"
        "  deactivate s1\n");
}

TEST_CASE("a flowchart goes from the event through the service to its effect, the longest part heavy") {
  FlowInWords flow{failed_once};
  CHECK(flow.drawn(mermaid_flowchart) ==
        "flowchart TD\n"
        "  e1[\"order.placed<br/>by orders<br/>10:02:11.010\"]\n"
        "  e6[\"payment.captured<br/>by payments<br/>10:02:11.060\"]\n"
        "  e1d0([\"payments<br/>acked<br/>attempt 1: std::runtime_error: card reader broken\"])\n"
        "  e1 ==>|\"wait 25 ms<br/>retries 10 ms\"| e1d0\n"
        "  e1d0 -->|\"handling 15 ms<br/>publishing 0.0 ms\"| e6\n"
        "  e6d0([\"audit<br/>waiting\"]):::waiting\n"
        "  e6 --> e6d0\n"
        "  classDef failed fill:#ffdcdc,stroke:#c00000\n"
        "  classDef waiting fill:#fff4cc,stroke:#b08000,stroke-dasharray: 4 3\n");
  CHECK(flow.drawn(dot_graph) ==
        "digraph \"order-7\" {\n"
        "  node [shape=box, style=filled, fillcolor=white, fontname=\"sans-serif\"];\n"
        "  edge [fontname=\"sans-serif\", fontsize=10];\n"
        "  e1 [label=\"order.placed\\nby orders\\n10:02:11.010\"];\n"
        "  e6 [label=\"payment.captured\\nby payments\\n10:02:11.060\"];\n"
        "  e1d0 [label=\"payments\\nacked\\nattempt 1: std::runtime_error: card reader broken\", "
        "shape=ellipse];\n"
        "  e1 -> e1d0 [label=\"wait 25 ms\\nretries 10 ms\", penwidth=3];\n"
        "  e1d0 -> e6 [label=\"handling 15 ms\\npublishing 0.0 ms\"];\n"
        "  e6d0 [label=\"audit\\nwaiting\", shape=ellipse, color=\"#b08000\", fillcolor=\"#fff4cc\"];\n"
        "  e6 -> e6d0;\n"
        "}\n");
}

TEST_CASE("what has not come is part of the picture") {
  FlowInWords flow{"order.placed"};
  auto& owed = *flow.reply().add_expectations();
  owed.set_after("order.placed");
  owed.set_after_offset(1);
  owed.add_expected("payment.captured");
  owed.set_verdict(v1::VERDICT_OVERDUE);
  owed.set_deadline(5'000'000'000);
  const std::string chart = flow.drawn(mermaid_flowchart);
  CHECK(
      chart.find("  o1[\"payment.captured<br/>overdue<br/>expected within 5s after order.placed\"]:::failed\n"
                 "  e1 --> o1\n") != std::string::npos);
}

TEST_CASE("hostile names stay inside their labels, whatever the language") {
  CHECK(mermaid_text("the end; \"a\"<b>#\n[x]") == "the #101;nd#59; #34;a#34;#60;b#62;#35;#92;n#91;x#93;");
  CHECK(dot_text("a\"b\\\nc") == "a\\\"b\\\\\\\\nc");

  FlowInWords flow{failed_once};
  make_hostile(flow);
  const std::regex chart_line{
      R"re(flowchart TD|  classDef .*|  \w+(\[|\(\[)"[^"\[\]{}|`;\\]*(;[^"\[\]{}|`\\]*)*"(\]|\]\))(:::\w+)?|  \w+ [=-]{2}>(\|"[^"\[\]{}|`\\]*"\|)? \w+)re"};
  const auto every_line = [](const std::string& text, const std::regex& shape) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(std::regex_match(line, shape));
    }
  };
  every_line(flow.drawn(mermaid_flowchart), chart_line);
  every_line(mermaid_sequence_of(flow),
             std::regex{"sequenceDiagram|  end|  (de)?activate s\\d|  rect rgb\\(255, 220, 220\\)|"
                        "  (participant s\\d as |s\\d(->>|--x|-\\))s\\d: |Note over s\\d: )"
                        "([^\\x01-\\x1f#;<>\"\\[\\]{}`|%\\\\]|#[0-9]+;)*"});
  every_line(
      flow.drawn(dot_graph),
      std::regex{
          R"(digraph "([^"\\]|\\.)*" \{|\}|  (\w+)( -> \w+)?( \[(\w+=("([^"\\]|\\.)*"|[\w]+)(, )?)*\])?;)"});
  for (const std::string& text : {flow.tree(), sequence_of(flow)}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\xff') == std::string::npos);
  }
  CHECK(Json::accept(flow.drawn(write_picture_json)));
  CHECK(Json::accept(flow.drawn(write_otlp)));
}

namespace {

void check_attribute(const Json& attribute) {
  CHECK(attribute.size() == 2);
  CHECK(attribute["key"].is_string());
  CHECK(attribute["value"].size() == 1);
  const bool number = attribute["value"].contains("intValue");
  CHECK((number || attribute["value"].contains("stringValue")));
  const Json& value = *attribute["value"].begin();
  CHECK(value.is_string());  // 64-bit integers are text in protobuf's JSON
  if (number) CHECK(std::regex_match(value.get<std::string>(), std::regex{"[0-9]+"}));
}

void check_span(const Json& span, std::set<std::string>& ids) {
  static const std::set<std::string> known{
      "traceId",           "spanId",          "parentSpanId", "name",  "kind",
      "startTimeUnixNano", "endTimeUnixNano", "attributes",   "status"};
  for (const auto& [key, value] : span.items()) CHECK(known.contains(key));
  CHECK(std::regex_match(span["traceId"].get<std::string>(), std::regex{"[0-9a-f]{32}"}));
  CHECK(std::regex_match(span["spanId"].get<std::string>(), std::regex{"[0-9a-f]{16}"}));
  CHECK(ids.insert(span["spanId"]).second);
  for (const char* time : {"startTimeUnixNano", "endTimeUnixNano"})
    CHECK(std::regex_match(span[time].get<std::string>(), std::regex{"[0-9]{19}"}));
  CHECK(span["startTimeUnixNano"].get<std::string>() <= span["endTimeUnixNano"].get<std::string>());
  CHECK((span["kind"] == 4 || span["kind"] == 5));
  for (const Json& attribute : span["attributes"]) check_attribute(attribute);
}

}  // namespace

TEST_CASE("a trace has the shape that OTLP's JSON asks for, and every parent is a span of it or the caller") {
  FlowInWords flow{failed_once};
  flow.traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const auto trace = Json::parse(flow.drawn(write_otlp));
  CHECK(trace.size() == 1);
  std::set<std::string> ids{"00f067aa0ba902b7"};
  std::set<std::string> parents;
  std::string told;
  for (const Json& of_resource : trace["resourceSpans"]) {
    for (const Json& attribute : of_resource["resource"]["attributes"]) check_attribute(attribute);
    REQUIRE(of_resource["scopeSpans"].size() == 1);
    CHECK(of_resource["scopeSpans"][0]["scope"]["name"] == "reel");
    for (const Json& span : of_resource["scopeSpans"][0]["spans"]) {
      check_span(span, ids);
      CHECK(span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736");
      parents.insert(span["parentSpanId"]);
      told += of_resource["resource"]["attributes"].dump() + " " + span["name"].get<std::string>() + " " +
              span.value("status", Json(nullptr)).dump() + "\n";
    }
  }
  CHECK(std::includes(ids.begin(), ids.end(), parents.begin(), parents.end()));
  const std::string orders = R"([{"key":"service.name","value":{"stringValue":"orders"}},)"
                             R"({"key":"service.instance.id","value":{"stringValue":"1"}}])";
  const std::string payments = R"([{"key":"service.name","value":{"stringValue":"payments"}},)"
                               R"({"key":"service.instance.id","value":{"stringValue":"7c2f"}}])";
  CHECK(told == orders + " publish order.placed null\n" + payments +
                    " process order.placed "
                    R"({"code":2,"message":"std::runtime_error: card reader broken"})"
                    "\n" +
                    payments + " process order.placed null\n" + payments +
                    " publish payment.captured null\n");
  CHECK(flow.drawn(write_otlp) == flow.drawn(write_otlp));
}

TEST_CASE("a follow-up that is overdue is a span with an error, below what armed it") {
  FlowInWords flow{failed_once};
  auto& owed = *flow.reply().add_expectations();
  owed.set_definition("order");
  owed.set_after("payment.captured");
  owed.add_expected("stock.reserved");
  owed.add_expected("stock.unavailable");
  owed.set_any_of(true);
  owed.set_owner("inventory");
  owed.set_verdict(v1::VERDICT_OVERDUE);
  owed.set_armed_at(flow.reply().steps(1).recordedtime());
  owed.set_deadline(owed.armed_at() + 5);
  owed.set_after_offset(flow.reply().steps(1).offset());
  *flow.reply().add_expectations() = owed;
  flow.reply().mutable_expectations(1)->set_verdict(v1::VERDICT_MET);

  const std::string text = flow.drawn(write_otlp);
  const Json trace = Json::parse(text);
  std::map<std::string, std::string> span_ids;
  std::vector<std::string> overdue;
  for (const Json& of_resource : trace["resourceSpans"]) {
    for (const Json& span : of_resource["scopeSpans"][0]["spans"]) {
      span_ids[span["name"]] = span["spanId"];
      if (span["kind"] == 1)
        overdue.push_back(
            of_resource["resource"]["attributes"][0]["value"]["stringValue"].get<std::string>() + ": " +
            span["name"].get<std::string>() + ", " + span["status"].dump());
    }
  }
  CHECK(
      overdue ==
      std::vector<std::string>{
          R"(inventory: overdue stock.reserved or stock.unavailable, {"code":2,"message":"stock.reserved or stock.unavailable has not come in time"})"});
  CHECK(text.find("\"parentSpanId\":\"" + span_ids["publish payment.captured"] + "\",\"name\":\"overdue") !=
        std::string::npos);
}

TEST_CASE("a trace id is the traceparent's, or the correlation id where it is a UUID, or derived from it") {
  const std::string uuid = "0192f0C1-7a8b-7c2d-9e3f-0123456789ab";
  const std::string as_id = "0192f0c17a8b7c2d9e3f0123456789ab";
  CHECK(trace_id_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", uuid) ==
        "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(trace_id_of("", uuid) == as_id);
  for (const std::string wrong :
       {"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf9", "-------", "nonsense"}) {
    CHECK(trace_id_of(wrong, uuid) == as_id);
  }
  const std::string derived = trace_id_of("", "order-7");
  CHECK(std::regex_match(derived, std::regex{"[0-9a-f]{32}"}));
  CHECK(derived == trace_id_of("", "order-7"));
  CHECK(derived != trace_id_of("", "order-8"));
  CHECK(trace_id_of("", "00000000-0000-0000-0000-000000000000") != std::string(32, '0'));
}

TEST_CASE("a flow of 100,000 events is drawn piece by piece, however deep it is") {
  constexpr int events = 100'000;
  v1::FlowReply reply;
  for (int i = 1; i <= events; ++i) {
    auto& step = *reply.add_steps();
    step.set_offset(static_cast<std::uint64_t>(i));
    step.set_recordedtime(1'772'359'331'000'000'000u + static_cast<std::uint64_t>(i));
    step.set_id("event-" + std::to_string(i));
    step.set_causationid("event-" + std::to_string(i % 2 == 0 ? i - 1 : i / 2));
    step.set_topic("order.placed");
    step.set_source("orders/1");
  }
  const FlowPicture picture{reply, nullptr};
  std::size_t largest = 0;
  std::size_t lines = 0;
  const Sink out = [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    lines += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
  };
  flow_tree(picture, Terminal::none(), out);
  CHECK(lines == events + 1);
  sequence_text(Sequence{picture}, Terminal::none(), out);
  CHECK(lines == 2 * events + 3);
  mermaid_flowchart(picture, out);
  dot_graph(picture, out);
  write_picture_json(picture, out);
  write_otlp(picture, out);
  CHECK(largest < 4096);
}
