#include "tracker/content.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "tracker/compact.h"

namespace reel::tracker {
namespace {

// Values of one field of B that are compared: of a list, any may do.
constexpr std::size_t compared_values_max = 1'000;

void append_value(std::string& out, const FieldValue& value) {
  out.push_back(static_cast<char>(static_cast<int>(value.kind) + 1));
  append_varint(out, value.text.size());
  out.append(value.text);
}

std::optional<FieldValue> read_value(Reader& reader) {
  const std::uint8_t kind = reader.byte();
  if (kind == 0) return std::nullopt;
  FieldValue value;
  value.kind = static_cast<FieldValue::Kind>(kind - 1);
  value.text = reader.bytes(reader.small());
  return value;
}

std::vector<FieldValue> values_at(const FieldPath& path, JudgedEvent* event, std::size_t max) {
  return event ? path.values(*event, max) : std::vector<FieldValue>{};
}

bool holds(config::Comparison how, const FieldValue& b, const FieldValue& a) {
  const std::partial_ordering order = b.compare(a);
  switch (how) {
    case config::Comparison::equal: return order == 0;
    case config::Comparison::not_equal: return order != 0;
    case config::Comparison::less: return order < 0;
    case config::Comparison::less_or_equal: return order <= 0;
    case config::Comparison::greater: return order > 0;
    case config::Comparison::greater_or_equal: return order >= 0;
  }
  return false;
}

// Where both lack the field they are equal in that.
bool holds(const FieldComparison& comparison, const std::optional<FieldValue>& a, JudgedEvent* b) {
  const auto values = values_at(comparison.field, b, compared_values_max);
  if (!a || values.empty()) {
    if (comparison.how == config::Comparison::equal) return !a && values.empty();
    return comparison.how == config::Comparison::not_equal && (a || !values.empty());
  }
  return std::any_of(values.begin(), values.end(),
                     [&](const FieldValue& value) { return holds(comparison.how, value, *a); });
}

void append_items(const FieldPath& path, JudgedEvent* a, std::string& out) {
  std::vector<FieldValue> items = values_at(path, a, each_items_max);
  const auto by_text = [](const FieldValue& x, const FieldValue& y) {
    return std::tie(x.kind, x.text) < std::tie(y.kind, y.text);
  };
  std::sort(items.begin(), items.end(), by_text);
  const auto same = [](const FieldValue& x, const FieldValue& y) { return x.equals(y); };
  items.erase(std::unique(items.begin(), items.end(), same), items.end());
  append_varint(out, items.size());
  for (const FieldValue& item : items) {
    out.push_back(0);
    append_value(out, item);
  }
}

// Behind the values of `where`.
Reader at_items(const Rule& rule, std::string_view values) {
  Reader reader{values};
  for (std::size_t i = 0; i < rule.where.size(); ++i) (void)read_value(reader);
  return reader;
}

}  // namespace

std::string values_of(const Rule& rule, JudgedEvent* a) {
  std::string values;
  for (const FieldComparison& comparison : rule.where) {
    const auto found = values_at(comparison.after_field, a, 1);
    found.empty() ? values.push_back(0) : append_value(values, found.front());
  }
  if (rule.each) append_items(rule.each->item, a, values);
  return values;
}

bool where_holds(const Rule& rule, std::string_view values, JudgedEvent* b) {
  Reader reader{values};
  return std::all_of(rule.where.begin(), rule.where.end(), [&](const FieldComparison& comparison) {
    return holds(comparison, read_value(reader), b);
  });
}

std::uint32_t mark_items(const Rule& rule, std::string& values, JudgedEvent* b) {
  const auto matches = values_at(rule.each->matches, b, compared_values_max);
  Reader reader = at_items(rule, values);
  std::uint32_t marked = 0;
  for (std::uint32_t left = reader.small(); left != 0; --left) {
    const std::size_t done_at = reader.position();
    const bool done = reader.byte() != 0;
    const auto item = read_value(reader);
    if (done || !item) continue;
    const bool is_it = std::any_of(matches.begin(), matches.end(),
                                   [&](const FieldValue& value) { return value.equals(*item); });
    if (!is_it) continue;
    values[done_at] = 1;
    ++marked;
  }
  return marked;
}

Items items_of(const Rule& rule, std::string_view values, std::size_t missing_max) {
  Items items;
  if (!rule.each) return items;
  Reader reader = at_items(rule, values);
  items.total = reader.small();
  for (std::uint32_t left = items.total; left != 0; --left) {
    const bool done = reader.byte() != 0;
    auto item = read_value(reader);
    if (done) ++items.done;
    if (!done && item && items.missing.size() < missing_max) items.missing.push_back(std::move(item->text));
  }
  return items;
}

}  // namespace reel::tracker
