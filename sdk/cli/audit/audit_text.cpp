#include "cli/audit/audit_text.h"

#include <spdlog/fmt/fmt.h>

#include "cli/duration_text.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

std::vector<Cell> row_of(const std::string& service, const Tally& tally) {
  const auto plain = [](std::uint64_t count) { return Cell{std::to_string(count)}; };
  const auto inked = [](std::uint64_t count, Ink ink) {
    return Cell{std::to_string(count), count > 0 ? ink : Ink::plain};
  };
  return {{service},
          plain(tally.matched),
          plain(tally.acked),
          inked(tally.dead, Ink::red),
          plain(tally.discarded),
          plain(tally.expired),
          inked(tally.parked, Ink::yellow),
          plain(tally.again),
          plain(tally.withdrawn),
          inked(tally.lost, Ink::red),
          plain(tally.waiting)};
}

Json tally_json(const Tally& tally) {
  return {{"matched", tally.matched},     {"acked", tally.acked},         {"dead", tally.dead},
          {"discarded", tally.discarded}, {"expired", tally.expired},     {"parked", tally.parked},
          {"again", tally.again},         {"withdrawn", tally.withdrawn}, {"lost", tally.lost},
          {"waiting", tally.waiting}};
}

std::string heading(const Audit& audit) {
  return fmt::format("offsets {} to {}, {} to {}: {} event{}", count_text(audit.begin()),
                     count_text(audit.end() - 1), date_text(audit.first_time()), date_text(audit.last_time()),
                     count_text(audit.events()), audit.events() == 1 ? "" : "s");
}

std::vector<std::string> findings_lines(const AuditReport& report, const Terminal& terminal) {
  Table table{{"EXCEPTION"}, {"SERVICE"}, {"OFFSET", Align::right}, {"TOPIC"}, {"ID"}, {"WHY"}};
  for (const ListedFinding& one : report.findings) {
    table.add({{std::string{to_string(one.finding.kind)}, Ink::red},
               {one.finding.service},
               {one.finding.offset == 0 ? "" : std::to_string(one.finding.offset)},
               {one.topic},
               {one.id},
               {one.finding.why}});
  }
  return table.lines(terminal);
}

}  // namespace

std::vector<const Account*> AuditReport::accounts() const {
  std::vector<const Account*> accounts = audit.accounts();
  if (!service.empty())
    std::erase_if(accounts, [&](const Account* account) { return account->service != service; });
  return accounts;
}

std::uint64_t AuditReport::findings_count() const {
  // What concerns no service alone concerns each.
  std::uint64_t count = audit.findings_count();
  for (const Account* account : audit.accounts()) {
    if (!service.empty() && account->service != service) count -= account->findings;
  }
  return count;
}

std::vector<std::string> audit_lines(const AuditReport& report, const Terminal& terminal) {
  std::vector<std::string> lines{heading(report.audit)};
  Table table{{"SERVICE"},
              {"MATCHED", Align::right},
              {"ACKED", Align::right},
              {"DEAD", Align::right},
              {"DISCARDED", Align::right},
              {"EXPIRED", Align::right},
              {"PARKED", Align::right},
              {"AGAIN", Align::right},
              {"WITHDRAWN", Align::right},
              {"LOST", Align::right},
              {"WAITING", Align::right}};
  for (const Account* account : report.accounts()) {
    table.add(row_of(account->service, account->first));
    if (account->again.matched > 0) table.add(row_of(account->service + ", once more", account->again));
  }
  for (std::string& line : table.lines(terminal)) lines.push_back(std::move(line));
  if (report.clean()) {
    lines.push_back(terminal.paint(Ink::green, "every delivery is accounted for"));
    return lines;
  }
  for (std::string& line : findings_lines(report, terminal)) lines.push_back(std::move(line));
  const std::uint64_t count = report.findings_count();
  lines.push_back(
      terminal.paint(Ink::red, fmt::format("{} exception{}", count_text(count), count == 1 ? "" : "s")));
  return lines;
}

std::vector<Json> audit_json(const AuditReport& report) {
  std::vector<Json> lines;
  for (const Account* account : report.accounts()) {
    Json line{{"service", account->service}, {"first", tally_json(account->first)}};
    if (account->again.matched > 0) line["once_more"] = tally_json(account->again);
    line["earlier"] = account->earlier;
    line["unjudged"] = account->unjudged;
    line["doubtful"] = account->doubtful;
    line["exceptions"] = account->findings;
    lines.push_back(std::move(line));
  }
  for (const ListedFinding& one : report.findings) {
    Json line{{"exception", to_string(one.finding.kind)}};
    if (!one.finding.service.empty()) line["service"] = one.finding.service;
    if (one.finding.offset != 0) line["reeloffset"] = one.finding.offset;
    if (!one.id.empty()) {
      line["type"] = one.topic;
      line["id"] = one.id;
    }
    line["why"] = one.finding.why;
    lines.push_back(std::move(line));
  }
  lines.push_back({{"from", report.audit.begin()},
                   {"to", report.audit.end()},
                   {"events", report.audit.events()},
                   {"exceptions", report.findings_count()},
                   {"clean", report.clean()}});
  return lines;
}

std::vector<std::string> audit_notes(const AuditReport& report) {
  std::vector<std::string> notes;
  const auto note = [&](const Account& account, std::uint64_t count, const char* what) {
    if (count > 0) notes.push_back(fmt::format("{}: {} {}", shown(account.service), count_text(count), what));
  };
  for (const Account* account : report.accounts()) {
    note(*account, account->earlier, "endings of events from before this stretch");
    note(*account, account->unjudged,
         "endings from before the stretch tells what it subscribed to: not judged");
    note(*account, account->doubtful, "events that only its `when` could tell whether it wants: not judged");
  }
  const std::uint64_t count = report.findings_count();
  if (count > report.findings.size())
    notes.push_back(fmt::format("these are {} of {} exceptions", report.findings.size(), count_text(count)));
  return notes;
}

}  // namespace reel::cli
