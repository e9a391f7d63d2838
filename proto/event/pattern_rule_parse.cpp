// From JSON to a Rule, or to the sentence that says what is wrong with it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "event/nearest_name.h"
#include "event/pattern_rule.h"
#include "event/quoted_text.h"
#include "event/utf8.h"

namespace reel::pattern {
namespace {

using nlohmann::ordered_json;
using Fault = std::optional<RuleFault>;

// How much of a pattern a sentence repeats.
constexpr std::size_t shown_bytes_max = 120;

constexpr std::array<std::string_view, 8> operators{
    "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "cidr", "exists"};

RuleFault fault(std::string what, std::vector<std::string> steps = {}) {
  return {std::move(steps), std::move(what)};
}

// What was found wrong below `step`.
Fault below(std::string step, Fault found) {
  if (found) found->steps.insert(found->steps.begin(), std::move(step));
  return found;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Fault read_text(const ordered_json& json, std::string& text) {
  if (!json.is_string()) return fault("expected a string, got " + shown_json(json));
  text = json.get<std::string>();
  return std::nullopt;
}

// A single value.
Fault read_value(const ordered_json& json, Rule& rule) {
  if (json.is_string()) {
    rule.op = Op::text;
    rule.text = json.get<std::string>();
  } else if (json.is_boolean()) {
    rule.op = Op::flag;
    rule.flag = json.get<bool>();
  } else if (json.is_number_unsigned()) {
    rule.op = Op::number;
    rule.number = static_cast<Number>(json.get<std::uint64_t>());
  } else if (json.is_number_integer()) {
    rule.op = Op::number;
    rule.number = static_cast<Number>(json.get<std::int64_t>());
  } else if (json.is_number_float()) {
    rule.op = Op::number;
    rule.number = static_cast<Number>(json.get<double>());
  } else if (json.is_null()) {
    rule.op = Op::null;
  } else {
    return fault("expected a single value, got " + shown_json(json));
  }
  return std::nullopt;
}

// prefix and suffix: a string, or {"equals-ignore-case": a string}.
Fault read_affix(const ordered_json& json, Op plain, Op ignoring_case, Rule& rule) {
  if (!json.is_object()) {
    rule.op = plain;
    return read_text(json, rule.text);
  }
  constexpr auto only = "equals-ignore-case";
  if (json.size() != 1 || json.begin().key() != only)
    return fault("expected a string or {\"equals-ignore-case\": a string}, got " + shown_json(json));
  rule.op = ignoring_case;
  auto found = below(only, read_text(json.front(), rule.text));
  rule.text = lower(std::move(rule.text));
  return found;
}

Fault read_wildcard(const ordered_json& json, Rule& rule) {
  rule.op = Op::wildcard;
  if (auto found = read_text(json, rule.text)) return found;
  if (const auto wrong = Wildcard::parse(rule.text, rule.wildcard)) return fault(*wrong);
  return std::nullopt;
}

Fault read_ignoring_case(const ordered_json& json, Rule& rule) {
  rule.op = Op::equals_ignore_case;
  auto found = read_text(json, rule.text);
  rule.text = lower(std::move(rule.text));
  return found;
}

// [">=", 10], or both ends: [">", 0, "<=", 5].
Fault read_numeric(const ordered_json& json, Rule& rule) {
  rule.op = Op::numeric;
  if (!json.is_array() || (json.size() != 2 && json.size() != 4))
    return fault("expected a comparison such as [\">=\", 10] or [\">\", 0, \"<=\", 5], got " +
                 shown_json(json));
  for (std::size_t i = 0; i < json.size(); i += 2) {
    const auto sign = json[i].is_string() ? json[i].get<std::string>() : "";
    const std::vector<std::string> at{std::to_string(i)};
    if (sign != "=" && sign != "<" && sign != "<=" && sign != ">" && sign != ">=")
      return fault("expected one of = < <= > >=, got " + shown_json(json[i]), at);
    Rule limit;
    if (!json[i + 1].is_number())
      return fault("expected a number, got " + shown_json(json[i + 1]), {std::to_string(i + 1)});
    if (auto found = read_value(json[i + 1], limit)) return found;
    const bool is_low = sign.starts_with('>');
    const bool is_high = sign.starts_with('<');
    if (sign == "=" && json.size() == 4) return fault("\"=\" stands alone", at);
    if ((is_low && rule.low) || (is_high && rule.high))
      return fault("both comparisons are for the same end", at);
    if (!is_high) rule.low = limit.number;
    if (!is_low) rule.high = limit.number;
    if (!is_high) rule.low_included = sign.ends_with('=');
    if (!is_low) rule.high_included = sign.ends_with('=');
  }
  const bool empty =
      rule.low && rule.high &&
      (*rule.low > *rule.high || (*rule.low == *rule.high && !(rule.low_included && rule.high_included)));
  if (empty) return fault("no number is in this range: " + shown_json(json));
  return std::nullopt;
}

Fault read_cidr(const ordered_json& json, Rule& rule) {
  rule.op = Op::cidr;
  if (auto found = read_text(json, rule.text)) return found;
  const auto network = Network::parse(rule.text);
  if (!network)
    return fault("expected a network such as 10.0.0.0/8 or 2001:db8::/32, got " + shown_json(json));
  rule.network = *network;
  return std::nullopt;
}

// One operator inside anything-but.
Fault read_inner(const std::string& key, const ordered_json& json, Rule& rule) {
  if (key == "wildcard") return read_wildcard(json, rule);
  if (key == "equals-ignore-case") return read_ignoring_case(json, rule);
  rule.op = key == "prefix" ? Op::prefix : Op::suffix;
  return read_text(json, rule.text);
}

// A value, a list of values, or one of four operators with a string or a list of strings.
Fault read_anything_but(const ordered_json& json, Rule& rule, std::size_t& values) {
  rule.op = Op::anything_but;
  const bool is_inner = json.is_object();
  std::string key;
  if (is_inner) {
    static constexpr std::array<std::string_view, 4> inner{"prefix", "suffix", "equals-ignore-case",
                                                           "wildcard"};
    key = json.size() == 1 ? json.begin().key() : "";
    if (std::find(inner.begin(), inner.end(), key) == inner.end()) {
      return fault(
          "expected a value, a list of values, or one of prefix, suffix, equals-ignore-case, wildcard, got " +
          shown_json(json) + did_you_mean(key, inner));
    }
  }
  const auto& given = is_inner ? json.front() : json;
  const auto read_one = [&](const ordered_json& item) {
    ++values;
    auto& but = rule.but.emplace_back();
    return is_inner ? read_inner(key, item, but) : read_value(item, but);
  };
  const auto at = [&](Fault found) { return is_inner ? below(key, std::move(found)) : found; };
  if (!given.is_array()) return at(read_one(given));
  if (given.empty()) return at(fault("the list is empty"));
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (auto found = read_one(given[i])) return at(below(std::to_string(i), std::move(found)));
  }
  return std::nullopt;
}

Fault read_operator(const std::string& key, const ordered_json& json, Rule& rule, std::size_t& values) {
  if (key == "prefix") return read_affix(json, Op::prefix, Op::prefix_ignore_case, rule);
  if (key == "suffix") return read_affix(json, Op::suffix, Op::suffix_ignore_case, rule);
  if (key == "equals-ignore-case") return read_ignoring_case(json, rule);
  if (key == "wildcard") return read_wildcard(json, rule);
  if (key == "anything-but") return read_anything_but(json, rule, values);
  if (key == "numeric") return read_numeric(json, rule);
  if (key == "cidr") return read_cidr(json, rule);
  if (!json.is_boolean()) return fault("expected true or false, got " + shown_json(json));
  rule.op = json.get<bool>() ? Op::exists : Op::absent;
  return std::nullopt;
}

}  // namespace

bool is_operator(std::string_view key) {
  return std::find(operators.begin(), operators.end(), key) != operators.end();
}

std::string shown_json(const ordered_json& json) {
  const auto text = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  if (text.size() <= shown_bytes_max) return text;
  return std::string{beginning_of(text, shown_bytes_max)} + "…";
}

std::optional<RuleFault> read_rule(const ordered_json& json, Rule& rule, std::size_t& values) {
  ++values;
  if (!json.is_object()) return read_value(json, rule);
  if (json.size() != 1) return fault("an operator is an object with one key, got " + shown_json(json));
  const auto key = json.begin().key();
  if (!is_operator(key)) return fault("unknown operator " + in_quotes(key) + did_you_mean(key, operators));
  return below(key, read_operator(key, json.front(), rule, values));
}

}  // namespace reel::pattern
