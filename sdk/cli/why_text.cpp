#include "cli/why_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "event/cause_word.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

nanoseconds between(std::uint64_t earlier, std::uint64_t later) {
  return nanoseconds{later > earlier ? static_cast<std::int64_t>(later - earlier) : 0};
}

std::string standing(const v1::Expectation& expectation, std::uint64_t watermark) {
  if (expectation.verdict() == v1::VERDICT_OVERDUE)
    return "overdue " + elapsed_text(between(expectation.deadline(), watermark));
  return elapsed_text(between(watermark, expectation.deadline())) + " left";
}

std::string evidence_text(const v1::Cause& cause) {
  std::vector<std::string> parts;
  if (!cause.service().empty()) parts.push_back("service " + cause.service());
  if (!cause.check().empty()) parts.push_back("check " + as_name(cause.check()));
  if (!cause.instance().empty()) parts.push_back("instance " + cause.instance());
  if (cause.since() != 0) parts.push_back("since " + clock_text(cause.since()));
  if (!cause.topic().empty()) {
    parts.push_back(cause.topic() +
                    (cause.offset() != 0 ? fmt::format(" at offset {}", cause.offset()) : " " + cause.id()));
  }
  std::string text = cause_word(cause.kind());
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? ": " : ", ") + parts[i];
  return text;
}

void add_finding(const v1::WhyReply::Finding& finding, std::uint64_t watermark, const Terminal& terminal,
                 std::vector<std::string>& lines) {
  const auto& expectation = finding.expectation();
  const bool overdue = expectation.verdict() == v1::VERDICT_OVERDUE;
  lines.push_back(missing_text(expectation) + " " + expectation_text(expectation) + ": " +
                  terminal.paint(overdue ? Ink::red : Ink::yellow, standing(expectation, watermark)));
  lines.push_back("  " + terminal.paint(Ink::bold, shown(finding.cause().sentence())));
  if (finding.cause().kind() == v1::CAUSE_UNKNOWN) return;
  lines.push_back("  evidence  " + shown(evidence_text(finding.cause())));
  for (const bool mending : {true, false}) {
    std::string name = mending ? "  mend      " : "  look      ";
    for (const auto& command : commands_of(finding.cause(), mending)) {
      lines.push_back(name + shown(command));
      name.assign(name.size(), ' ');
    }
  }
}

void set_time(Json& json, const char* name, std::uint64_t time) {
  if (time != 0) json[name] = rfc3339(time);
}

}  // namespace

bool mends(std::string_view command) {
  constexpr std::string_view doing[] = {"reel resume ", "reel dead redrive ", "reel retries now ",
                                        "reel replay "};
  return std::any_of(std::begin(doing), std::end(doing),
                     [&](std::string_view begin) { return command.starts_with(begin); });
}

std::vector<std::string> commands_of(const v1::Cause& cause, bool mending) {
  std::vector<std::string> commands;
  for (const auto& command : cause.commands()) {
    if (mends(command) == mending) commands.push_back(command);
  }
  return commands;
}

Json cause_json(const v1::Cause& cause) {
  Json json{{"cause", cause_word(cause.kind())}, {"sentence", cause.sentence()}};
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  const auto number = [&](const char* name, std::uint64_t value) {
    if (value != 0) json[name] = value;
  };
  text("service", cause.service());
  text("check", cause.check());
  text("instance", cause.instance());
  set_time(json, "since", cause.since());
  set_time(json, "until", cause.until());
  text("by", cause.by());
  number("attempt", cause.attempt());
  number("attempts", cause.attempts());
  text("error_type", cause.error_type());
  text("error", cause.error());
  number("waiting", cause.waiting());
  text("topic", cause.topic());
  text("id", cause.id());
  number("reeloffset", cause.offset());
  text("correlationid", cause.correlationid());
  json["commands"] = Json::array();
  for (const auto& command : cause.commands()) json["commands"].push_back(command);
  return json;
}

std::vector<std::string> why_lines(const v1::WhyReply& why, const Terminal& terminal) {
  const v1::FlowSummary& summary = why.summary();
  std::vector<std::string> lines{terminal.paint(Ink::bold, shown(summary.correlationid())) + "  " +
                                 terminal.paint(state_ink(summary.state()), state_text(summary.state()))};
  for (const auto& finding : why.findings()) add_finding(finding, why.watermark(), terminal, lines);
  if (why.findings().empty()) {
    lines.emplace_back(summary.state() == v1::FLOW_STATE_UNTRACKED
                           ? "no definition applies to it: nothing is awaited"
                           : "nothing is awaited");
  }
  return lines;
}

Json why_json(const v1::WhyReply& why) {
  Json json{{"correlationid", why.summary().correlationid()},
            {"state", state_text(why.summary().state())},
            {"findings", Json::array()}};
  for (const auto& finding : why.findings()) {
    Json row = expectation_json(finding.expectation(), why.watermark());
    row["cause"] = cause_json(finding.cause());
    json["findings"].push_back(std::move(row));
  }
  return json;
}

}  // namespace reel::cli
