#include "search/literals.h"

#include <charconv>
#include <cstdlib>

#include "config/problems.h"
#include "config/units.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/topic.h"

namespace reel::search {
namespace {

using Where = v1::FlowWhere;

constexpr std::uint64_t ns_per_ms = 1'000'000;

std::uint64_t number_of(const Token& value) {
  std::uint64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [at, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc{} || at != end) throw Fault{value.place, value.shown() + " is not a whole number"};
  return number;
}

std::uint64_t duration_of(const Token& value) {
  const auto parsed = config::parse(config::durations, value.text);
  if (parsed.outcome != config::QuantityOutcome::ok || parsed.value > ~std::uint64_t{0} / ns_per_ms) {
    throw Fault{value.place, value.shown() + " is not " + std::string{config::durations.wanted},
                config::did_you_mean(config::respelled(config::durations, value.text))};
  }
  return parsed.value * ns_per_ms;
}

std::uint64_t time_of(const Token& value) {
  if (const auto time = parse_rfc3339(value.text)) return *time;
  if (const auto midnight = parse_rfc3339(value.text + "T00:00:00Z")) return *midnight;
  throw Fault{value.place, value.shown() + " is not a time such as 2026-03-01T10:00:00Z"};
}

void check_state(const Token& value) {
  if (state_named(value.text) != v1::FLOW_STATE_UNKNOWN) return;
  const auto near = nearest_name(value.text, state_names());
  throw Fault{
      value.place, value.shown() + " is no state of a flow",
      near ? config::did_you_mean(std::string{*near}) : "there are open, overdue, completed and untracked"};
}

void check_length(const Token& value) {
  if (value.text.size() <= where_text_bytes_max) return;
  throw Fault{value.place, "this text is longer than " + std::to_string(where_text_bytes_max) + " bytes"};
}

pattern::Wildcard wildcard_of(const Token& value) {
  pattern::Wildcard wildcard;
  if (const auto wrong = pattern::Wildcard::parse(value.text, wildcard)) throw Fault{value.place, *wrong};
  return wildcard;
}

bool is_number(const std::string& text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  if (text.find_first_of("0123456789") > 1) return false;
  char* end = nullptr;
  (void)std::strtold(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

FieldValue value_of(const Token& token) {
  using Kind = FieldValue::Kind;
  if (token.type == Token::Type::quoted) return {Kind::text, token.text};
  if (token.text == "true" || token.text == "false") return {Kind::flag, token.text};
  if (token.text == "null") return {Kind::null, token.text};
  return {is_number(token.text) ? Kind::number : Kind::text, token.text};
}

}  // namespace

void check_comparison(const FlowAttribute& attribute, const Comparison& comparison) {
  const std::string name = in_quotes(attribute.name);
  const auto how = comparison.how;
  if (how == Where::COMPARISON_EXISTS || (how == Where::COMPARISON_EQUAL && attribute.kind != Kind::flag))
    return;
  const bool is_text = attribute.kind == Kind::text || attribute.kind == Kind::topic;
  const bool is_number = !is_text && attribute.kind != Kind::flag && attribute.kind != Kind::state;
  if (how == Where::COMPARISON_LIKE ? is_text : is_number) return;
  const char* const takes = is_text                         ? "it takes ==, !=, in and like"
                            : is_number                     ? "it takes ==, !=, <, <=, >, >= and in"
                            : attribute.kind == Kind::state ? "it takes ==, != and in"
                                                            : "it stands alone";
  throw Fault{comparison.sign.place, name + " is not compared with " + comparison.sign.shown(), takes};
}

v1::FlowWhere::Node flow_test(const FlowAttribute& attribute, const Comparison& comparison,
                              const Token& value) {
  check_length(value);
  Where::Node node;
  node.set_attribute(attribute.number);
  node.set_how(comparison.how);
  switch (attribute.kind) {
    case Kind::number: node.set_number(number_of(value)); return node;
    case Kind::duration: node.set_number(duration_of(value)); return node;
    case Kind::time: node.set_number(time_of(value)); return node;
    case Kind::state: check_state(value); break;
    case Kind::topic:
      if (comparison.how != Where::COMPARISON_EQUAL) break;
      if (const auto wrong = check_pattern(value.text))
        throw Fault{value.place, value.shown() + " is no topic: " + *wrong};
      break;
    case Kind::text:
    case Kind::flag: break;
  }
  if (comparison.how == Where::COMPARISON_LIKE) (void)wildcard_of(value);
  node.set_text(value.text);
  return node;
}

void compare_with(FieldTest& test, const Token& value) {
  check_length(value);
  test.value = value_of(value);
  test.bare = value.type == Token::Type::word;
  if (test.how == Where::COMPARISON_LIKE) test.wildcard = wildcard_of(value);
}

}  // namespace reel::search
