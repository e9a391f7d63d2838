#include "rehearsal/backtest_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/table.h"
#include "event/rfc3339.h"

namespace reel::rehearsal {
namespace {

using cli::Align;
using cli::Cell;
using cli::Ink;
using cli::Table;
using story::Json;

constexpr std::array<std::string_view, oddities> oddity_names{"broken", "time_goes_back", "no_correlation"};
/// Lines of one kind that standard error shows; the JSON has all that were kept.
constexpr std::size_t notes_max = 10;

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

Cell count_cell(std::uint64_t count, Ink ink) {
  return {std::to_string(count), count == 0 ? Ink::dim : ink};
}

Ink ink_of(v1::Verdict verdict) {
  if (verdict == v1::VERDICT_OVERDUE || verdict == v1::VERDICT_BROKEN) return Ink::red;
  return verdict == v1::VERDICT_MET_LATE ? Ink::yellow : Ink::plain;
}

std::string head_line(const BacktestReport& report) {
  const Record& record = report.record;
  std::string text = fmt::format("{}: {} in {}", cli::shown(report.history), plural(record.events(), "event"),
                                 plural(report.flows, "flow"));
  if (record.events() > 0)
    text += fmt::format(", from {} to {}", rfc3339(record.first_time()), rfc3339(record.last_time()));
  if (report.duplicates > 0) text += fmt::format(", {} left out", plural(report.duplicates, "duplicate"));
  return text;
}

std::vector<std::string> expectation_lines(const Outcome& outcome, const cli::Terminal& terminal) {
  Table table{{"DEFINITION"},
              {"AFTER"},
              {"WITHIN", Align::right},
              {"ARMED", Align::right},
              {"MET", Align::right},
              {"LATE", Align::right},
              {"OVERDUE", Align::right},
              {"OPEN", Align::right},
              {"CANCELLED", Align::right},
              {"BROKEN", Align::right},
              {"EXPECT"}};
  for (const auto& row : outcome.expectations) {
    if (!row.exists) continue;
    std::vector<Cell> cells{
        {row.definition_name}, {row.after}, {row.within}, count_cell(row.armed(), Ink::plain)};
    for (const auto verdict : {v1::VERDICT_MET, v1::VERDICT_MET_LATE, v1::VERDICT_OVERDUE,
                               v1::VERDICT_WAITING, v1::VERDICT_CANCELLED, v1::VERDICT_BROKEN}) {
      cells.push_back(count_cell(row.count(verdict), ink_of(verdict)));
    }
    cells.push_back({expected_text(row)});
    table.add(std::move(cells));
  }
  return table.lines(terminal);
}

std::vector<std::string> definition_lines(const Outcome& outcome, const cli::Terminal& terminal) {
  Table table{
      {"DEFINITION"}, {"FLOWS", Align::right}, {"COMPLETED", Align::right}, {"VIOLATED", Align::right}};
  for (const auto& row : outcome.definitions) {
    table.add({{row.name},
               count_cell(row.flows, Ink::plain),
               count_cell(row.completed, Ink::plain),
               count_cell(row.violated, Ink::red)});
  }
  return table.lines(terminal);
}

std::vector<std::string> list_lines(const BacktestReport& report, const cli::Terminal& terminal) {
  Table table{{"FLOW"}, {"VERDICT"}, {"DEFINITION"}, {"AFTER"}, {"DEADLINE"}, {"EXPECT"}};
  for (const FlowVerdict& row : report.listed) {
    const auto& expectation = report.outcome.expectations[row.expectation];
    table.add({{row.correlation},
               {verdict_name(row.verdict), ink_of(row.verdict)},
               {expectation.definition_name},
               {expectation.after},
               {row.deadline == tracker::no_deadline ? "-" : rfc3339(row.deadline)},
               {expected_text(expectation)}});
  }
  if (table.empty()) return {"no flows to list"};
  return table.lines(terminal);
}

std::vector<std::string> change_lines(std::string_view what, const std::string& file,
                                      const std::vector<Flagged>& flagged, const cli::Terminal& terminal) {
  std::size_t flows = 0;
  Table table{{"FLOW"}, {"DEFINITION"}, {"AFTER"}, {"WITHIN", Align::right}, {"EXPECT"}};
  for (const Flagged& entry : flagged) {
    const auto& expectation = entry.expectation;
    flows += entry.flows.size();
    for (const std::string& flow : entry.flows) {
      table.add({{flow},
                 {expectation.definition_name},
                 {expectation.after},
                 {expectation.within},
                 {expected_text(expectation)}});
    }
  }
  std::vector<std::string> lines{fmt::format("{} flagged by {}: {}", what, cli::shown(file), flows)};
  if (table.empty()) return lines;
  for (std::string& line : table.lines(terminal)) lines.push_back(std::move(line));
  return lines;
}

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
  if (!lines.empty()) lines.emplace_back();
  std::move(more.begin(), more.end(), std::back_inserter(lines));
}

Json named(const ExpectationOutcome& expectation) {
  Json json{{"definition", expectation.definition_name},
            {"after", expectation.after},
            {"expect", expectation.expected},
            {"within", expectation.within}};
  if (expectation.whole_flow) json["whole_flow"] = true;
  if (expectation.never) json["never"] = true;
  return json;
}

Json counted(const ExpectationOutcome& expectation) {
  Json json = named(expectation);
  json["armed"] = expectation.armed();
  for (const auto verdict : all_verdicts()) {
    const bool always = verdict <= v1::VERDICT_CANCELLED;
    if (always || expectation.count(verdict) > 0) json[verdict_name(verdict)] = expectation.count(verdict);
  }
  return json;
}

Json listed_json(const BacktestReport& report) {
  Json list = Json::array();
  for (const FlowVerdict& row : report.listed) {
    Json json{{"correlationid", row.correlation}, {"verdict", verdict_name(row.verdict)}};
    json.update(named(report.outcome.expectations[row.expectation]));
    json["armed_at"] = rfc3339(row.armed_at);
    if (row.deadline != tracker::no_deadline) json["deadline"] = rfc3339(row.deadline);
    if (row.settled_at != 0) json["settled_at"] = rfc3339(row.settled_at);
    list.push_back(std::move(json));
  }
  return list;
}

Json flagged_json(const std::vector<Flagged>& flagged) {
  Json list = Json::array();
  for (const Flagged& entry : flagged) {
    Json json = named(entry.expectation);
    json["flows"] = entry.flows;
    list.push_back(std::move(json));
  }
  return list;
}

Json history_json(const BacktestReport& report) {
  const Record& record = report.record;
  Json json{{"file", report.history},
            {"lines", record.lines()},
            {"events", record.events()},
            {"flows", report.flows},
            {"duplicates", report.duplicates}};
  if (record.events() > 0) {
    json["first_time"] = rfc3339(record.first_time());
    json["last_time"] = rfc3339(record.last_time());
  }
  Json remarks = Json::array();
  for (std::size_t i = 0; i < oddities; ++i) {
    json[std::string{oddity_names[i]}] = record.count(static_cast<Oddity>(i));
    for (const Remark& remark : record.remarks(static_cast<Oddity>(i)))
      remarks.push_back({{"line", remark.line}, {"kind", oddity_names[i]}, {"text", remark.text}});
  }
  json["unknown_topics"] = Json::array();
  for (const auto& [topic, seen] : record.unknown_topics())
    json["unknown_topics"].push_back(
        {{"topic", topic}, {"events", seen.events}, {"first_line", seen.first_line}});
  json["remarks"] = std::move(remarks);
  return json;
}

void note_oddity(std::vector<std::string>& notes, const Record& record, Oddity kind, std::string_view what) {
  const auto& remarks = record.remarks(kind);
  if (remarks.empty()) return;
  notes.push_back(fmt::format("{} {}", plural(record.count(kind), "line"), what));
  const std::size_t shown = std::min(remarks.size(), notes_max);
  for (std::size_t i = 0; i < shown; ++i)
    notes.push_back(fmt::format("  line {}: {}", remarks[i].line, cli::shown(remarks[i].text)));
  if (record.count(kind) > shown) notes.push_back(fmt::format("  and {} more", record.count(kind) - shown));
}

}  // namespace

std::string expected_text(const ExpectationOutcome& expectation) {
  std::string text = expectation.whole_flow ? "whole flow" : expectation.never ? "never " : "";
  const std::string_view between = expectation.any_of ? " or " : " and ";
  for (const std::string& topic : expectation.expected) {
    const bool first = &topic == &expectation.expected.front();
    text += first ? (expectation.whole_flow ? ", until " : "") : between;
    text += topic;
  }
  return text;
}

std::vector<std::string> backtest_lines(const BacktestReport& report, const cli::Terminal& terminal) {
  std::vector<std::string> lines{head_line(report)};
  append(lines, expectation_lines(report.outcome, terminal));
  append(lines, definition_lines(report.outcome, terminal));
  if (report.lists) append(lines, list_lines(report, terminal));
  if (!report.against.empty()) {
    append(lines, change_lines("newly", report.against, report.comparison.newly, terminal));
    append(lines, change_lines("no longer", report.against, report.comparison.no_longer, terminal));
  }
  return lines;
}

Json backtest_json(const BacktestReport& report) {
  Json json{{"config", report.config}, {"history", history_json(report)}};
  json["expectations"] = Json::array();
  for (const auto& expectation : report.outcome.expectations) {
    if (expectation.exists) json["expectations"].push_back(counted(expectation));
  }
  json["definitions"] = Json::array();
  for (const auto& row : report.outcome.definitions) {
    json["definitions"].push_back(
        {{"name", row.name}, {"flows", row.flows}, {"completed", row.completed}, {"violated", row.violated}});
  }
  if (report.lists) json["listed"] = listed_json(report);
  if (!report.against.empty()) {
    json["against"] = {{"config", report.against},
                       {"newly", flagged_json(report.comparison.newly)},
                       {"no_longer", flagged_json(report.comparison.no_longer)}};
  }
  return json;
}

std::vector<std::string> record_notes(const BacktestReport& report) {
  const Record& record = report.record;
  std::vector<std::string> notes;
  if (record.events() == 0) notes.push_back(fmt::format("{} holds no events", cli::shown(report.history)));
  note_oddity(notes, record, Oddity::broken, "could not be read");
  note_oddity(notes, record, Oddity::time_goes_back, "went back in time");
  note_oddity(notes, record, Oddity::no_correlation, "of no flow");
  if (record.unknown_events() == 0) return notes;
  notes.push_back(fmt::format("{} on topics that {} does not name", plural(record.unknown_events(), "event"),
                              cli::shown(report.config)));
  std::size_t shown = 0;
  for (const auto& [topic, seen] : record.unknown_topics()) {
    if (shown++ == notes_max) break;
    notes.push_back(fmt::format("  {}: {}, first in line {}", cli::shown(topic), plural(seen.events, "event"),
                                seen.first_line));
  }
  if (record.unknown_topics().size() > notes_max)
    notes.push_back(fmt::format("  and {} more topics", record.unknown_topics().size() - notes_max));
  return notes;
}

}  // namespace reel::rehearsal
