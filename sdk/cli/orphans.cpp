// `reel orphans`: events whose flow or cause was never seen, and where they likely belong.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/table.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"
#include "story/flow_words.h"

namespace reel::cli {

using namespace story;

namespace {

using Orphan = v1::OrphansReply::Orphan;

constexpr std::uint32_t page_rows = 1'000;

std::string lost_text(v1::OrphansReply::Lost lost) {
  return lost == v1::OrphansReply::LOST_CAUSE ? "cause" : "flow";
}

std::string likeness_text(v1::OrphansReply::Likeness by) {
  switch (by) {
    case v1::OrphansReply::LIKENESS_CAUSE: return "cause";
    case v1::OrphansReply::LIKENESS_KEY: return "key";
    case v1::OrphansReply::LIKENESS_SUBJECT: return "subject";
    default: return "";
  }
}

Json orphan_json(const Orphan& orphan) {
  Json json{{"reeloffset", orphan.offset()},
            {"recordedtime", rfc3339(orphan.recordedtime())},
            {"id", orphan.id()},
            {"type", orphan.topic()},
            {"source", orphan.source()},
            {"correlationid", orphan.correlationid()},
            {"lost", lost_text(orphan.lost())}};
  const auto add = [&json](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  add("causationid", orphan.causationid());
  add("partitionkey", orphan.partitionkey());
  add("subject", orphan.subject());
  add("likely_flow", orphan.likely_flow());
  add("likely_by", likeness_text(orphan.likely_by()));
  return json;
}

std::vector<Cell> orphan_row(const Orphan& orphan) {
  const std::string likely = orphan.likely_flow().empty()
                                 ? "-"
                                 : shown(orphan.likely_flow()) + " by " + likeness_text(orphan.likely_by());
  return {{std::to_string(orphan.offset()), Ink::dim},
          {clock_text(orphan.recordedtime()), Ink::dim},
          {shown(orphan.topic())},
          {shown(service_of(orphan.source()))},
          {shown(orphan.correlationid())},
          {lost_text(orphan.lost()), Ink::yellow},
          {likely}};
}

int run_orphans(Invocation& invocation) {
  Table table{{"OFFSET", Align::right}, {"TIME"}, {"TOPIC"},    {"BY"},
              {"CORRELATION ID"},       {"LOST"}, {"LIKELY OF"}};
  v1::Request request;
  request.mutable_orphans()->set_limit(page_rows);
  const v1::Reply reply = ask_tracker(invocation.globals, request);
  const auto& told = reply.orphans();
  for (const Orphan& orphan : told.orphans()) {
    if (invocation.globals.json)
      invocation.out.line(line_of(orphan_json(orphan)));
    else
      table.add(orphan_row(orphan));
  }
  if (invocation.globals.json) return exit_code::ok;
  if (told.orphans().empty()) {
    invocation.err.line("every event since the tracker started has a flow, and its cause there");
    return exit_code::ok;
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
  if (told.count() > static_cast<std::uint64_t>(told.orphans_size()))
    invocation.err.line(fmt::format("these are the newest {} of {} since the tracker started",
                                    told.orphans_size(), told.count()));
  return exit_code::ok;
}

}  // namespace

void add_orphans(CLI::App& app, Invocation& invocation) {
  auto* command =
      app.add_subcommand("orphans",
                         "List events whose flow or cause was never seen, and where they likely belong")
          ->group("Look");
  command->callback([&invocation] { invocation.run = run_orphans; });
}

}  // namespace reel::cli
