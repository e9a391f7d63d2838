#include "cli/incident_text.h"

#include <spdlog/fmt/fmt.h>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "cli/table.h"
#include "cli/why_text.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

constexpr std::size_t short_id_bytes = 8;

bool is_open(const v1::Incident& incident) {
  return incident.state() == v1::Incident::STATE_OPEN;
}

bool is_broken(const v1::Incident& incident) {
  return incident.kind() == v1::Incident::KIND_VIOLATED;
}

/// "payment.captured missing", "order.shipped too soon"
std::string what_text(const v1::Incident& incident) {
  v1::Expectation expectation;
  *expectation.mutable_missing() = incident.missing();
  expectation.set_any_of(incident.any_of());
  const std::string topics = missing_text(expectation);
  if (!is_broken(incident)) return topics + " missing";
  if (incident.reason() == "too_many") return topics + " too often";
  return topics + (incident.reason() == "too_soon" ? " too soon" : " forbidden");
}

std::string after_text(const v1::Incident& incident) {
  return incident.after().empty() ? "the flow's start" : incident.after();
}

std::string sentence_of(const v1::Incident& incident) {
  if (is_broken(incident)) return "it came, and must not have";
  return incident.cause().sentence().empty() ? "the cause is not known" : incident.cause().sentence();
}

std::string care_text(const v1::Incident& incident, std::uint64_t now) {
  std::string text;
  if (!incident.acknowledged_by().empty()) text = "taken by " + incident.acknowledged_by();
  if (incident.snoozed_until() > now)
    text += (text.empty() ? "" : ", ") + fmt::format("snoozed until {}", date_text(incident.snoozed_until()));
  return text;
}

std::string standing_text(const v1::Incident& incident) {
  if (is_broken(incident))
    return (incident.count() == 1 ? "once" : fmt::format("{} times", incident.count())) +
           (is_open(incident) ? ", not acknowledged" : "");
  return fmt::format("{} of {} {}", incident.open(), incident.count(),
                     incident.open() == 1 && incident.count() == 1 ? "flow waits" : "flows wait");
}

/// "  owner     payments" for each value; nothing where there is none.
void add_lines(std::vector<std::string>& lines, std::string name, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value.empty()) continue;
    lines.push_back(fmt::format("  {:<9} {}", name, shown(value)));
    name.clear();
  }
}

std::string said_by(const std::string& by, const std::string& reason) {
  return fmt::format("by {}: {}", by, reason);
}

/// What a person may type about it.
std::vector<std::string> commands_for(const v1::Incident& incident) {
  if (!is_open(incident)) return {};
  std::vector<std::string> commands{"reel ack " + short_id(incident) + " --reason TEXT",
                                    "reel snooze " + short_id(incident) + " --for 2h --reason TEXT"};
  if (!is_broken(incident) && !incident.correlationids().empty())
    commands.push_back("reel waive " + as_name(incident.correlationids(0)) + " --reason TEXT");
  return commands;
}

template <class Strings>
std::vector<std::string> listed(const Strings& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

std::string short_id(const v1::Incident& incident) {
  return incident.id().substr(0, short_id_bytes);
}

std::vector<std::string> incident_rows(const v1::IncidentsReply& reply, const Terminal& terminal) {
  Table table{{"INCIDENT"},
              {"STATE"},
              {"WHAT"},
              {"AFTER"},
              {"OWNER"},
              {"SEVERITY"},
              {"OPEN", Align::right},
              {"COUNT", Align::right},
              {"FIRST"},
              {"LAST"},
              {"CARE"},
              {"CAUSE"}};
  for (const auto& incident : reply.incidents()) {
    table.add({{short_id(incident)},
               {is_open(incident) ? "open" : "resolved", is_open(incident) ? Ink::red : Ink::green},
               {what_text(incident)},
               {after_text(incident)},
               {incident.owner()},
               {incident.severity()},
               {std::to_string(incident.open())},
               {std::to_string(incident.count())},
               {date_text(incident.first_at())},
               {date_text(incident.last_at())},
               {care_text(incident, reply.watermark())},
               {sentence_of(incident)}});
  }
  return table.lines(terminal);
}

std::vector<std::string> incident_lines(const v1::Incident& incident, std::uint64_t now,
                                        const Terminal& terminal) {
  std::vector<std::string> lines{
      terminal.paint(Ink::bold, shown(incident.id())) + "  " +
          terminal.paint(is_open(incident) ? Ink::red : Ink::green, is_open(incident) ? "open" : "resolved") +
          "  " + shown(incident.definition()),
      shown(what_text(incident) + " after " + after_text(incident)) + ": " + standing_text(incident),
      "  " + terminal.paint(Ink::bold, shown(sentence_of(incident)))};
  add_lines(lines, "owner", {incident.owner()});
  add_lines(lines, "severity", {incident.severity()});
  add_lines(lines, "runbook", {incident.runbook()});
  add_lines(lines, "first", {date_text(incident.first_at())});
  add_lines(lines, "last", {date_text(incident.last_at())});
  if (!incident.acknowledged_by().empty())
    add_lines(lines, "taken", {said_by(incident.acknowledged_by(), incident.acknowledged_reason())});
  if (incident.snoozed_until() > now)
    add_lines(lines, "snoozed",
              {fmt::format("until {} ", date_text(incident.snoozed_until())) +
               said_by(incident.snoozed_by(), incident.snoozed_reason())});
  if (!is_open(incident)) add_lines(lines, "resolved", {date_text(incident.resolved_at())});
  add_lines(lines, "flows", listed(incident.correlationids()));
  if (is_open(incident)) {
    add_lines(lines, "mend", commands_of(incident.cause(), true));
    add_lines(lines, "look", commands_of(incident.cause(), false));
  }
  add_lines(lines, "say", commands_for(incident));
  return lines;
}

Json incident_json(const v1::Incident& incident) {
  Json json{{"incident", incident.id()},
            {"state", is_open(incident) ? "open" : "resolved"},
            {"kind", is_broken(incident) ? "violated" : "overdue"},
            {"definition", incident.definition()},
            {"after", incident.after()},
            {"missing", listed(incident.missing())},
            {"any_of", incident.any_of()},
            {"owner", incident.owner()},
            {"severity", incident.severity()},
            {"runbook", incident.runbook()},
            {"first_at", rfc3339(incident.first_at())},
            {"last_at", rfc3339(incident.last_at())},
            {"count", incident.count()},
            {"open", incident.open()},
            {"correlationids", listed(incident.correlationids())}};
  if (is_broken(incident)) {
    json["reason"] = incident.reason();
  } else {
    json["cause"] = cause_json(incident.cause());
  }
  if (incident.resolved_at() != 0) json["resolved_at"] = rfc3339(incident.resolved_at());
  if (!incident.acknowledged_by().empty()) {
    json["acknowledged"] = {{"by", incident.acknowledged_by()},
                            {"reason", incident.acknowledged_reason()},
                            {"at", rfc3339(incident.acknowledged_at())}};
  }
  if (incident.snoozed_until() != 0) {
    json["snoozed"] = {{"by", incident.snoozed_by()},
                       {"reason", incident.snoozed_reason()},
                       {"until", rfc3339(incident.snoozed_until())}};
  }
  return json;
}

}  // namespace reel::cli
