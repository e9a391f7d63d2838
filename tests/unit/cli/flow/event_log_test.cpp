// Flows as event logs for process mining: whole texts, and what hostile names can do to them.
#include "cli/flow/event_log.h"

#include <doctest/doctest.h>

#include "flow_in_words.h"
#include "story/flow_json.h"

using namespace reel::cli;
using reel::story::Json;
using reel::story::Sink;
using reel::test::FlowInWords;
namespace v1 = reel::v1;

namespace {

constexpr const char* paid = R"(
  order.placed
  payment.captured from event-1
)";

std::string written(std::unique_ptr<EventLog> (*begin)(Sink), const std::vector<v1::FlowReply>& flows) {
  std::string text;
  const auto log = begin([&text](std::string_view piece) { text += piece; });
  for (const auto& flow : flows) log->add(flow);
  log->end();
  return text;
}

}  // namespace

TEST_CASE(
    "in XES a flow is a trace, its events stand in log time, and every one has what the log says all have") {
  FlowInWords flow{paid};
  CHECK(written(xes_log, {flow.reply()}) ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value="UNKNOWN"/>
  </global>
  <global scope="event">
    <string key="concept:name" value="UNKNOWN"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
    <string key="org:resource" value="UNKNOWN"/>
    <string key="id" value="UNKNOWN"/>
    <int key="offset" value="0"/>
  </global>
  <classifier name="Topic" keys="concept:name"/>
  <trace>
    <string key="concept:name" value="order-7"/>
    <event><string key="concept:name" value="order.placed"/><date key="time:timestamp" value="2026-03-01T10:02:11.010Z"/><string key="org:resource" value="orders"/><string key="id" value="event-1"/><int key="offset" value="1"/></event>
    <event><string key="concept:name" value="payment.captured"/><date key="time:timestamp" value="2026-03-01T10:02:11.020Z"/><string key="org:resource" value="payments"/><string key="id" value="event-2"/><int key="offset" value="2"/></event>
  </trace>
</log>
)");
}

TEST_CASE("a foreign name ends no attribute of a log") {
  FlowInWords flow{paid};
  flow.reply().mutable_summary()->set_correlationid("a\"><&\xEF\xBF\xBE\x1b\xff\xEF\xBF\xBF");
  const std::string text = written(xes_log, {flow.reply()});
  CHECK(text.find("value=\"a&quot;&gt;&lt;&amp;\xEF\xBF\xBD") != std::string::npos);
  CHECK(text.find("\xEF\xBF\xBE") == std::string::npos);  // of which XML has none, and none of the next
  CHECK(text.find("\xEF\xBF\xBF") == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(Json::accept(written(ocel_log, {flow.reply()})));
}

TEST_CASE("in OCEL flows are objects, and a part is related to the flow around it") {
  FlowInWords flow{paid};
  v1::FlowReply part;
  part.mutable_summary()->set_correlationid("parcel-7");
  part.mutable_summary()->set_parent("order-7");
  auto& began = *flow.reply().add_steps();  // no event of this flow
  began.set_topic("flow parcel");
  const auto log = Json::parse(written(ocel_log, {flow.reply(), part}));
  CHECK(log["events"].size() == 2);
  CHECK(log["events"][1].dump() ==
        R"({"id":"2","type":"payment.captured","time":"2026-03-01T10:02:11.020Z","attributes":[{"name":"id",)"
        R"("value":"event-2"},{"name":"service","value":"payments"}],"relationships":[{"objectId":"order-7",)"
        R"("qualifier":"of"}]})");
  CHECK(log["eventTypes"][0]["name"] == "order.placed");
  CHECK(log["objectTypes"].dump() == R"([{"name":"flow","attributes":[]}])");
  CHECK(
      log["objects"].dump() ==
      R"([{"id":"order-7","type":"flow"},{"id":"parcel-7","type":"flow","relationships":[{"objectId":"order-7",)"
      R"("qualifier":"part of"}]}])");
}
