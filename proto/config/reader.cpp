// How values are read, and the words of what is wrong with them.
#include "config/reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "event/nearest_name.h"

namespace reel::config {
namespace {

const Node empty_map{.kind = NodeKind::map};

std::string kind_of(const Node& node) {
  switch (node.kind) {
    case NodeKind::map: return "a map";
    case NodeKind::list: return "a list";
    case NodeKind::value: return node.quoted ? '"' + shown(node.value) + '"' : shown(node.value);
    case NodeKind::null:
    case NodeKind::alias: break;
  }
  return "empty";
}

}  // namespace

// ---- Value

std::string Value::as_written() const {
  return kind_of(*node_);
}

void Value::refuse(std::string what, std::string hint) const {
  problems_->add(place(), std::move(what), std::move(hint));
}

void Value::refuse_key(std::string what, std::string hint) const {
  problems_->add(key_, std::move(what), std::move(hint));
}

void Value::refuse_value(const std::string& what, std::string hint) const {
  refuse("'" + shown(path_) + "' is " + as_written() + ", " + what, std::move(hint));
}

void Value::refuse_kind(std::string_view wanted, std::string hint) const {
  if (node_->kind == NodeKind::alias) return;
  refuse("'" + shown(path_) + "' must be " + std::string{wanted} + ", is " + as_written(), std::move(hint));
}

void Value::refuse_range(const std::string& min, const std::string& max) const {
  refuse_value("must be between " + min + " and " + max);
}

bool Value::is_single(std::string_view wanted) const {
  if (node_->kind == NodeKind::value) return true;
  refuse_kind(wanted);
  return false;
}

std::optional<std::string> Value::text() const {
  if (!is_single("text")) return std::nullopt;
  if (node_->value.empty()) {
    refuse("'" + shown(path_) + "' is empty");
    return std::nullopt;
  }
  return node_->value;
}

std::optional<bool> Value::flag() const {
  constexpr std::string_view wanted = "true or false";
  if (!is_single(wanted)) return std::nullopt;
  if (node_->value == "true") return true;
  if (node_->value == "false") return false;
  refuse_kind(wanted);
  return std::nullopt;
}

std::optional<std::uint64_t> Value::count(Range range) const {
  constexpr std::string_view wanted = "a whole number";
  if (!is_single(wanted)) return std::nullopt;
  const auto& written = node_->value;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  if (error == std::errc::invalid_argument || end != written.data() + written.size()) {
    refuse_kind(wanted);
    return std::nullopt;
  }
  if (error != std::errc{} || number < range.min || number > range.max) {
    refuse_range(std::to_string(range.min), std::to_string(range.max));
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> Value::quantity(const Measure& measure, Range range) const {
  if (!is_single(measure.wanted)) return std::nullopt;
  const auto [outcome, number] = parse(measure, node_->value);
  switch (outcome) {
    case QuantityOutcome::ok:
      if (number >= range.min && number <= range.max) return number;
      [[fallthrough]];
    case QuantityOutcome::too_large:
      refuse_range(to_text(measure, range.min), to_text(measure, range.max));
      break;
    case QuantityOutcome::unit_missing:
      refuse_value("needs a unit: " + std::string{measure.unit_names});
      break;
    case QuantityOutcome::unit_unknown:
    case QuantityOutcome::not_a_number:
      refuse_kind(measure.wanted, did_you_mean(respelled(measure, node_->value)));
      break;
  }
  return std::nullopt;
}

std::optional<milliseconds> Value::duration(Range range) const {
  const auto number = quantity(durations, range);
  if (!number) return std::nullopt;
  return milliseconds{static_cast<milliseconds::rep>(*number)};
}

std::optional<double> Value::share() const {
  constexpr std::string_view wanted = "a percentage such as 20%";
  if (!is_single(wanted)) return std::nullopt;
  const auto& written = node_->value;
  double number = 0;
  const auto* const behind = written.data() + written.size();
  const auto [end, error] = std::from_chars(written.data(), behind, number, std::chars_format::fixed);
  if (error == std::errc{} && end == behind) {
    refuse_value("needs a unit: %");
    return std::nullopt;
  }
  if (error != std::errc{} || std::string_view{end, behind} != "%") {
    refuse_kind(wanted);
    return std::nullopt;
  }
  if (!(number >= 0 && number <= 100)) {
    refuse_range("0%", "100%");
    return std::nullopt;
  }
  return number / 100;
}

std::vector<Value> Value::list() const {
  std::vector<Value> items;
  if (node_->kind == NodeKind::null) return items;
  if (node_->kind != NodeKind::list) {
    const bool one = node_->kind == NodeKind::value;
    refuse_kind("a list", one ? did_you_mean('[' + as_written() + ']') : "");
    return items;
  }
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    const auto& item = node_->items[i];
    items.emplace_back(item, path_ + '[' + std::to_string(i) + ']', item.place, *problems_);
  }
  return items;
}

Section Value::section(std::string hint) const {
  const bool is_map = node_->kind == NodeKind::map;
  if (!is_map && node_->kind != NodeKind::null) refuse_kind("a map", std::move(hint));
  return {is_map || node_->kind == NodeKind::null ? *node_ : empty_map, path_, key_, *problems_};
}

// ---- Section

Section::Section(const Node& map, std::string path, Place place, Problems& problems)
    : map_{&map}, path_{std::move(path)}, place_{place}, problems_{&problems} {
  report_duplicates();
}

Section::~Section() {
  report_missing();
  report_unknown();
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string{key} : path_ + '.' + std::string{key};
}

std::string Section::in_path() const {
  return path_.empty() ? "" : " in '" + shown(path_) + "'";
}

const Node::Entry* Section::entry(std::string_view key) const {
  const auto found = std::find_if(map_->entries.begin(), map_->entries.end(),
                                  [key](const Node::Entry& given) { return given.key == key; });
  return found == map_->entries.end() ? nullptr : &*found;
}

bool Section::has(std::string_view key) const {
  return entry(key) != nullptr;
}

std::optional<Value> Section::find(std::string_view key) {
  asked_.emplace_back(key);
  const auto* given = entry(key);
  if (given == nullptr) return std::nullopt;
  return Value{given->node, path_of(key), given->place, *problems_};
}

std::optional<Value> Section::need(std::string_view key) {
  auto value = find(key);
  if (!value && map_ != &empty_map) missing_.emplace_back(key);
  return value;
}

std::vector<std::pair<std::string, Value>> Section::named() {
  all_asked_ = true;
  std::vector<std::pair<std::string, Value>> values;
  for (const auto& given : map_->entries)
    values.emplace_back(given.key, Value{given.node, path_of(given.key), given.place, *problems_});
  return values;
}

Section Section::section(std::string_view key) {
  if (const auto value = find(key)) return value->section();
  return {empty_map, path_of(key), place_, *problems_};
}

std::vector<Value> Section::list(std::string_view key) {
  const auto value = find(key);
  return value ? value->list() : std::vector<Value>{};
}

void Section::read_text(std::string_view key, std::string& target) {
  if (const auto value = find(key)) {
    if (auto text = value->text()) target = std::move(*text);
  }
}

void Section::read_flag(std::string_view key, bool& target) {
  if (const auto value = find(key)) target = value->flag().value_or(target);
}

void Section::read_share(std::string_view key, double& target) {
  if (const auto value = find(key)) target = value->share().value_or(target);
}

void Section::read_duration(std::string_view key, milliseconds& target, Range range) {
  if (const auto value = find(key)) target = value->duration(range).value_or(target);
}

void Section::refuse(std::string_view key, const std::string& why) {
  refused_.emplace_back(key);
  if (const auto* given = entry(key)) problems_->add(given->place, "'" + std::string{key} + "' " + why);
}

void Section::refuse_beside(std::initializer_list<std::string_view> keys, const std::string& why) const {
  for (const auto key : keys) {
    if (const auto* given = entry(key)) problems_->add(given->place, "'" + std::string{key} + "' " + why);
  }
}

void Section::refuse_here(std::string what, std::string hint) const {
  problems_->add(place_, std::move(what), std::move(hint));
}

void Section::refuse_at(std::initializer_list<std::string_view> keys, std::string what) const {
  for (const auto key : keys) {
    if (const auto* given = entry(key)) return problems_->add(given->node.place, std::move(what));
  }
  refuse_here(std::move(what));
}

void Section::report_duplicates() {
  std::unordered_map<std::string_view, Place> first;
  for (const auto& given : map_->entries) {
    const auto [earlier, is_first] = first.emplace(given.key, given.place);
    if (is_first) continue;
    problems_->add(given.place, "duplicate key '" + shown(given.key) + "'" + in_path() +
                                    ", first given in line " + std::to_string(earlier->second.line));
  }
}

void Section::report_unknown() {
  if (all_asked_) return;
  const std::vector<std::string_view> known{asked_.begin(), asked_.end()};
  const auto is_in = [](const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  for (const auto& given : map_->entries) {
    if (is_in(asked_, given.key) || is_in(refused_, given.key)) continue;
    problems_->add(
        given.place, "unknown key '" + shown(given.key) + "'" + in_path(),
        problems_->room() ? did_you_mean(std::string{nearest_name(given.key, known).value_or("")}) : "");
  }
}

void Section::report_missing() {
  for (const auto& key : missing_) {
    const bool misspelt =
        std::any_of(map_->entries.begin(), map_->entries.end(), [&](const Node::Entry& given) {
          const bool unknown = std::find(asked_.begin(), asked_.end(), given.key) == asked_.end();
          return unknown && nearest_name(given.key, std::array{std::string_view{key}}) == key;
        });
    const auto whole = path_.empty() ? "the file" : "'" + shown(path_) + "'";
    if (!misspelt) problems_->add(place_, whole + " needs '" + key + "'");
  }
}

}  // namespace reel::config
