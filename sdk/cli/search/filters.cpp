#include "cli/search/filters.h"

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "config/units.h"
#include "event/topic.h"
#include "search/attributes.h"

namespace reel::cli {
namespace {

using Where = v1::FlowWhere;

/// The names that `--state` may have.
std::vector<std::string> state_choices() {
  const auto names = search::state_names();
  return {names.begin(), names.end()};
}

std::string wrong_duration(const std::string& text) {
  const auto outcome = config::parse(config::durations, text).outcome;
  if (outcome == config::QuantityOutcome::ok) return "";
  return fmt::format("'{}' is not {}", shown(text), config::durations.wanted);
}

std::string wrong_pattern(const std::string& text) {
  const auto wrong = check_pattern(text);
  return wrong ? fmt::format("'{}' is no topic: {}", shown(text), *wrong) : "";
}

std::uint64_t span_of(const std::string& text) {
  return config::parse(config::durations, text).value * 1'000'000;
}

void join_span(search::FlowQuery& query, Where::Attribute attribute, Where::Comparison how,
               const std::string& span) {
  if (!span.empty()) join(query, search::single_test(attribute, how, "", span_of(span)));
}

void join_text(search::FlowQuery& query, Where::Attribute attribute, const std::string& text) {
  if (!text.empty()) join(query, search::single_test(attribute, Where::COMPARISON_EQUAL, text));
}

std::vector<search::TopicType> topic_types(const v1::SchemasReply& reply, const SchemaSet& schemas) {
  std::vector<search::TopicType> types;
  for (const auto& topic : reply.topics()) types.push_back({topic.topic(), schemas.find(topic.type())});
  return types;
}

void check_fields(const Globals& globals, const search::FlowQuery& query, const std::string& text) {
  v1::Request request;
  request.mutable_schemas();
  const v1::Reply reply = ask_broker(globals, request);
  const Catalog catalog{reply.schemas()};
  const auto wrong = misfit(query, topic_types(reply.schemas(), catalog.schemas()), "--where", text);
  if (wrong) throw Failure{exit_code::usage, *wrong};
}

}  // namespace

void add_filters(CLI::App& command, Filters& filters) {
  command.add_option("--state", filters.states, "Only these: open, overdue, completed, untracked")
      ->delimiter(',')
      ->type_name("STATE")
      ->check(CLI::IsMember(state_choices()));
  command.add_option("--definition", filters.definition, "Only flows of this definition")->type_name("NAME");
  command.add_option("--owner", filters.owner, "…in which this service owes something, overdue or not")
      ->type_name("NAME");
  command
      .add_option("--overdue-since", filters.overdue_since, "…with something overdue for at least so long")
      ->type_name("DURATION")
      ->check(wrong_duration);
  command.add_option("--older-than", filters.older_than, "…that began longer ago")
      ->type_name("DURATION")
      ->check(wrong_duration);
  command.add_option("--newer-than", filters.newer_than, "…that began since then")
      ->type_name("DURATION")
      ->check(wrong_duration);
  command.add_option("--topic", filters.topics, "…with an event on a topic that this pattern matches")
      ->type_name("PATTERN")
      ->check(wrong_pattern);
  command.add_option("--missing", filters.missing, "…in which this has not come, overdue or not")
      ->type_name("TOPIC")
      ->check(wrong_pattern);
  command
      .add_option("--where", filters.where,
                  "…for which this holds, such as: state == overdue and data.customer == 'c1'")
      ->type_name("EXPR");
}

search::FlowQuery query_of(const Globals& globals, const Filters& filters) {
  search::FlowQuery query;
  search::FlowQuery states;
  for (const std::string& state : filters.states) {
    join(states, search::single_test(Where::ATTRIBUTE_STATE, Where::COMPARISON_EQUAL, state),
         Where::OPERATOR_OR);
  }
  join(query, states);
  join_text(query, Where::ATTRIBUTE_DEFINITION, filters.definition);
  join_text(query, Where::ATTRIBUTE_OWNER, filters.owner);
  join_span(query, Where::ATTRIBUTE_OVERDUE, Where::COMPARISON_GREATER_OR_EQUAL, filters.overdue_since);
  join_span(query, Where::ATTRIBUTE_AGE, Where::COMPARISON_GREATER, filters.older_than);
  join_span(query, Where::ATTRIBUTE_AGE, Where::COMPARISON_LESS_OR_EQUAL, filters.newer_than);
  for (const std::string& topic : filters.topics) join_text(query, Where::ATTRIBUTE_TOPIC, topic);
  join_text(query, Where::ATTRIBUTE_MISSING, filters.missing);
  for (const std::string& text : filters.where) {
    const auto [parsed, error] = search::parse_expression("--where", text);
    if (!parsed) throw Failure{exit_code::usage, error};
    if (!parsed->terms.empty()) check_fields(globals, *parsed, text);
    join(query, *parsed);
  }
  if (const auto wrong = search::check_where(query.where)) throw Failure{exit_code::usage, *wrong};
  return query;
}

}  // namespace reel::cli
