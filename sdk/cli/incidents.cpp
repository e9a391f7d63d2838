// `reel incidents`: what is overdue or broken, grouped by edge and cause; one of them in full.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/incident_text.h"
#include "cli/inquiry.h"

namespace reel::cli {
namespace {

/// Incidents asked for at a time; an answer stays below a megabyte.
constexpr std::uint32_t page_incidents_max = 200;

struct IncidentsOptions {
  std::string id;
  bool resolved = false;
  std::uint32_t limit = 50;
};

v1::IncidentsReply fetch_incidents(const Globals& globals, const IncidentsOptions& options) {
  v1::IncidentsReply all;
  std::string after;
  do {
    v1::Request request;
    auto& ask = *request.mutable_incidents();
    ask.set_id(options.id);
    ask.set_resolved(options.resolved);
    const std::uint32_t left = options.limit - static_cast<std::uint32_t>(all.incidents_size());
    ask.set_limit(std::min(page_incidents_max, left));
    ask.set_after(after);
    v1::Reply reply = ask_tracker(globals, request);
    auto& page = *reply.mutable_incidents();
    const bool moved = page.next() != after;
    for (auto& incident : *page.mutable_incidents()) *all.add_incidents() = std::move(incident);
    all.set_watermark(page.watermark());
    after = moved ? page.next() : "";
  } while (!after.empty() && static_cast<std::uint32_t>(all.incidents_size()) < options.limit);
  all.set_next(after);
  return all;
}

int run_incidents(Invocation& invocation, const IncidentsOptions& options) {
  const v1::IncidentsReply reply = fetch_incidents(invocation.globals, options);
  if (invocation.globals.json) {
    for (const auto& incident : reply.incidents()) invocation.out.line(line_of(incident_json(incident)));
    return exit_code::ok;
  }
  if (!options.id.empty()) {
    for (const auto& incident : reply.incidents())
      invocation.out.lines(incident_lines(incident, reply.watermark(), invocation.out.terminal()));
    return exit_code::ok;
  }
  if (reply.incidents().empty()) {
    invocation.err.line(options.resolved ? "no incidents" : "no open incidents");
    return exit_code::ok;
  }
  invocation.out.lines(incident_rows(reply, invocation.out.terminal()));
  if (!reply.next().empty())
    invocation.err.line(fmt::format("there are more; these are {} (see --limit)", reply.incidents_size()));
  return exit_code::ok;
}

}  // namespace

void add_incidents(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<IncidentsOptions>();
  auto* command =
      app.add_subcommand("incidents", "List what is overdue or broken, as one for each edge and cause")
          ->group("Look");
  command->add_option("id", options->id, "Only this one, in full: its id, or the beginning of it")
      ->type_name("INCIDENT");
  command->add_flag("--resolved", options->resolved, "Those that are over, too");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_incidents(given, *options); };
  });
}

}  // namespace reel::cli
