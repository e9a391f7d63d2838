#include "cli/flow/event_log.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "cli/terminal.h"
#include "event/rfc3339.h"
#include "event/subflow.h"
#include "story/flow_json.h"
#include "story/flow_words.h"

namespace reel::cli {

using namespace story;

namespace {

// XML 1.0 has no U+FFFE and no U+FFFF, however they are written.
std::string without_noncharacters(std::string text) {
  for (const std::string_view one : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (auto at = text.find(one); at != std::string::npos; at = text.find(one, at)) {
      text.replace(at, one.size(), "\xEF\xBF\xBD");
    }
  }
  return text;
}

std::string xml_text(std::string_view foreign) {
  std::string text;
  for (const char c : without_noncharacters(shown(foreign))) {
    switch (c) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      default: text += c;
    }
  }
  return text;
}

std::string xml_attribute(const char* kind, const char* key, std::string_view value) {
  return std::string{"<"} + kind + " key=\"" + key + "\" value=\"" + xml_text(value) + "\"/>";
}

// In the order of the schema of IEEE 1849-2016, which takes the version for a number. What `global` lists
// every trace and event has. Keys without a prefix belong to no extension, whose definition would have to lie
// somewhere for good.
class XesLog final : public EventLog {
 public:
  explicit XesLog(Sink out) : out_{std::move(out)} {
    out_(R"(<?xml version="1.0" encoding="UTF-8"?>
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
)");
  }

  void add(const v1::FlowReply& flow) override {
    out_("  <trace>\n    " + xml_attribute("string", "concept:name", flow.summary().correlationid()) + "\n");
    for (const auto& step : flow.steps()) {
      if (is_subflow_name(step.topic())) continue;
      out_("    <event>" + xml_attribute("string", "concept:name", step.topic()) +
           xml_attribute("date", "time:timestamp", rfc3339(step.recordedtime())) +
           xml_attribute("string", "org:resource", service_of(step.source())) +
           xml_attribute("string", "id", step.id()) +
           xml_attribute("int", "offset", std::to_string(step.offset())) + "</event>\n");
    }
    out_("  </trace>\n");
  }
  void end() override { out_("</log>\n"); }

 private:
  Sink out_;
};

class OcelLog final : public EventLog {
 public:
  explicit OcelLog(Sink out) : out_{std::move(out)} { out_("{\"events\":["); }

  void add(const v1::FlowReply& flow) override {
    const std::string& id = flow.summary().correlationid();
    flows_.insert(id);
    if (!flow.summary().parent().empty()) wholes_.emplace(id, flow.summary().parent());
    const Json of_flow = Json::array({{{"objectId", id}, {"qualifier", "of"}}});
    for (const auto& step : flow.steps()) {
      if (is_subflow_name(step.topic())) continue;
      topics_.insert(step.topic());
      const Json event{{"id", std::to_string(step.offset())},
                       {"type", step.topic()},
                       {"time", rfc3339(step.recordedtime())},
                       {"attributes",
                        {{{"name", "id"}, {"value", step.id()}},
                         {{"name", "service"}, {"value", service_of(step.source())}}}},
                       {"relationships", of_flow}};
      out_((std::exchange(any_, true) ? ",\n" : "\n") + line_of(event));
    }
  }

  void end() override {
    const auto text = [](const char* name) { return Json{{"name", name}, {"type", "string"}}; };
    Json types = Json::array();
    for (const auto& topic : topics_)
      types.push_back({{"name", topic}, {"attributes", {text("id"), text("service")}}});
    out_("],\n\"eventTypes\":" + line_of(types));
    out_(",\n\"objectTypes\":[{\"name\":\"flow\",\"attributes\":[]}],\n\"objects\":[");
    bool first = true;
    for (const auto& flow : flows_) {
      Json object{{"id", flow}, {"type", "flow"}};
      const auto whole = wholes_.find(flow);
      if (whole != wholes_.end() && flows_.contains(whole->second))
        object["relationships"] = Json::array({{{"objectId", whole->second}, {"qualifier", "part of"}}});
      out_((std::exchange(first, false) ? "\n" : ",\n") + line_of(object));
    }
    out_("]}\n");
  }

 private:
  Sink out_;
  bool any_ = false;
  std::set<std::string> flows_;
  std::set<std::string> topics_;
  std::map<std::string, std::string> wholes_;  // of flows that are a part of another
};

}  // namespace

std::unique_ptr<EventLog> xes_log(Sink out) {
  return std::make_unique<XesLog>(std::move(out));
}

std::unique_ptr<EventLog> ocel_log(Sink out) {
  return std::make_unique<OcelLog>(std::move(out));
}

}  // namespace reel::cli
