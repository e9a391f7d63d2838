#include "cli/selection.h"

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/terminal.h"
#include "event/topic.h"
#include "story/error_group.h"

namespace reel::cli {
namespace {

bool is_named(const std::string& name, const Letter& letter) {
  const v1::Failure& failure = letter.failure();
  return name == std::to_string(stands_at(failure)) || name == std::to_string(failure.offset()) ||
         (!letter.id().empty() && name == letter.id());
}

bool has_error(const std::string& wanted, const v1::Failure& failure) {
  const std::string group = group_of(failure);
  return wanted == group_id(group) || group.find(wanted) != std::string::npos ||
         error_text(failure).find(wanted) != std::string::npos;
}

}  // namespace

bool Selection::takes(const Letter& letter) const {
  const auto names_it = [&](const std::string& name) { return is_named(name, letter); };
  if (!named.empty() && std::none_of(named.begin(), named.end(), names_it)) return false;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), letter.id()) == ids.end()) return false;
  if (!service.empty() && letter.service() != service) return false;
  // A letter whose event the journal no longer holds has no topic.
  if (!topic.empty() && (letter.topic().empty() || !matches(topic, letter.topic()))) return false;
  if (!flow.empty() && letter.correlationid() != flow) return false;
  return error.empty() || has_error(error, letter.failure());
}

bool Selection::filters() const {
  return !named.empty() || !ids.empty() || !topic.empty() || !flow.empty() || !error.empty();
}

void Selection::strike_out(const Letter& letter, std::vector<std::string>& unfound) const {
  std::erase_if(unfound, [&](const std::string& name) { return is_named(name, letter); });
}

void NamedOnce::see(const Letter& letter) {
  const auto place = stands_at(letter.failure());
  for (const auto& name : selection_.named) {
    if (!is_named(name, letter)) continue;
    const auto [known, first] = stands_at_.emplace(name, place);
    if (first || known->second == place) continue;
    throw Failure{
        exit_code::refused,
        fmt::format("'{}' names the events at offsets {} and {}: say which by --id or by the other's name",
                    shown(name), std::min(place, known->second), std::max(place, known->second))};
  }
}

std::vector<std::string> Selection::everything_named() const {
  std::vector<std::string> names = named;
  names.insert(names.end(), ids.begin(), ids.end());
  return names;
}

void add_filters(CLI::App& command, Selection& selection) {
  command.add_option("--service", selection.service, "Only those of this service")->type_name("NAME");
  command.add_option("--topic", selection.topic, "Only those on this topic; * and > as in subscriptions")
      ->type_name("PATTERN");
  command.add_option("--flow", selection.flow, "Only those of this flow")->type_name("ID");
  command
      .add_option("--error", selection.error,
                  "Only those with this in their error, or of this group (reel dead groups)")
      ->type_name("TEXT");
  command.add_option("--id", selection.ids, "Only the event of this id; may be repeated")
      ->type_name("ID")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_names(CLI::App& command, Selection& selection) {
  command.add_option("events", selection.named, "Offsets or ids of the events")->type_name("OFFSET|ID");
  command.add_flag("--all", selection.all, "All there are");
}

void check(const Selection& selection) {
  if (selection.topic.empty()) return;
  if (const auto problem = check_pattern(selection.topic)) {
    throw Failure{exit_code::refused,
                  fmt::format("'{}' is not a pattern: {}", shown(selection.topic), *problem)};
  }
}

void check_chosen(const Selection& selection) {
  check(selection);
  if (!selection.filters() && selection.service.empty() && !selection.all) {
    throw Failure{exit_code::usage,
                  "say which: OFFSET or ID, --service, --topic, --flow, --error, or --all for all there are"};
  }
  if (selection.all && selection.filters()) {
    throw Failure{exit_code::usage,
                  "--all and a choice of some contradict each other: leave out one of them"};
  }
}

}  // namespace reel::cli
