// `reel status`: how the broker stands, what it refused, and why it cannot write if it cannot.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <map>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/table.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

constexpr std::string_view of_frames = "REFUSED_";
constexpr std::string_view of_events = "REFUSAL_";

/// What was refused, for the reasons that begin so: "unknown_topic" from REFUSAL_UNKNOWN_TOPIC.
std::map<std::string, std::uint64_t> refused(const v1::StatusReply& status, std::string_view prefix) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [reason, count] : status.refused()) {
    if (!reason.starts_with(prefix)) continue;
    std::string name = shown(reason.substr(prefix.size()));
    for (char& byte : name) {
      if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    counts[name] = count;
  }
  return counts;
}

Json status_json(const v1::StatusReply& status) {
  Json json{{"version", status.version()},
            {"started_at", rfc3339(status.started_at())},
            {"now", rfc3339(status.now())},
            {"begin_offset", status.begin_offset()},
            {"end_offset", status.end_offset()},
            {"sessions", status.sessions()},
            {"services", status.services()},
            {"journal_queue_bytes", status.journal_queue_bytes()},
            {"memory_bytes", status.memory_bytes()},
            {"delayed", status.delayed()},
            {"refused_events", refused(status, of_events)},
            {"refused_frames", refused(status, of_frames)},
            {"stale_settles", status.stale_settles()},
            {"failed_checks", status.failed_checks()},
            {"checks_cut", status.checks_cut()},
            {"chosen_ids_forgotten_early", status.chosen_ids_forgotten_early()}};
  if (!status.journal_error().empty()) {
    json["journal_error"] = status.journal_error();
    json["journal_failing_since"] = rfc3339(status.journal_failing_since());
  }
  return json;
}

std::string ago(std::uint64_t since, std::uint64_t now) {
  return elapsed_text(nanoseconds{now > since ? static_cast<std::int64_t>(now - since) : 0});
}

std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  return text.empty() ? "none" : text;
}

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

int run_status(Invocation& invocation) {
  v1::Request request;
  request.mutable_status();
  const v1::Reply reply = ask_broker(invocation.globals, request);
  const v1::StatusReply& status = reply.status();
  auto& out = invocation.out;
  if (invocation.globals.json) {
    out.line(line_of(status_json(status)));
    return exit_code::ok;
  }
  const auto& terminal = out.terminal();
  const auto line = [&](std::string_view name, const std::string& text) {
    out.line(fmt::format("{:<16}{}", name, text));
  };
  line("broker",
       fmt::format("{}, running for {}", shown(status.version()), ago(status.started_at(), status.now())));
  line("journal", status.journal_error().empty()
                      ? terminal.paint(Ink::green, "ok")
                      : terminal.paint(Ink::red, "cannot be written for " +
                                                     ago(status.journal_failing_since(), status.now())) +
                            ": " + shown(status.journal_error()));
  line("offsets", fmt::format("{} to {}", status.begin_offset(), status.end_offset()));
  line("queued", mebibytes(status.journal_queue_bytes()));
  line("memory", mebibytes(status.memory_bytes()));
  line("sessions", std::to_string(status.sessions()));
  line("services", std::to_string(status.services()));
  line("failed checks", status.failed_checks() == 0
                            ? "none"
                            : terminal.paint(Ink::red, std::to_string(status.failed_checks())) +
                                  " (reel services says which and why)");
  line("refused events", counts_text(refused(status, of_events)));
  line("refused frames", counts_text(refused(status, of_frames)));
  line("stale settles", std::to_string(status.stale_settles()));
  if (status.checks_cut() > 0)
    line("checks cut", fmt::format("{} (too many, too long or twice)", status.checks_cut()));
  if (status.chosen_ids_forgotten_early() > 0)
    line("ids forgotten",
         fmt::format("{} before their dedup_window had passed: there are more than dedup_ids_max",
                     status.chosen_ids_forgotten_early()));
  return exit_code::ok;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  auto* command = app.add_subcommand("status", "How the broker stands: its journal, memory, what it refused")
                      ->group("Look");
  command->callback([&invocation] { invocation.run = run_status; });
}

}  // namespace reel::cli
