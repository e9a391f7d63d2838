#include "tracker/content.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <tuple>

#include "event/rfc3339.h"
#include "tracker/compact.h"

namespace reel::tracker {
namespace {

// Values of one field of B that are compared: of a list, any may do.
constexpr std::size_t compared_values_max = 1'000;
// Beyond so many of them they are compared by their keys first.
constexpr std::size_t compared_one_by_one_max = 8;

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

// The same for values that are equal, however they are written.
template <typename Bytes>
std::uint64_t hash_of(const Bytes& bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}
constexpr std::uint64_t no_value = 0;
std::uint64_t key_of(const FieldValue& value) {
  const auto seed = static_cast<std::uint64_t>(value.kind) + 1;
  const auto of = [](auto number, std::uint64_t by) {
    return hash_of(std::string_view{reinterpret_cast<const char*>(&number), sizeof number}, by);
  };
  if (value.kind == FieldValue::Kind::number) {
    const auto number = static_cast<double>(std::strtold(value.text.c_str(), nullptr));
    return of(number == 0 ? 0.0 : number, seed);  // -0 is 0
  }
  const auto time = value.kind == FieldValue::Kind::text ? parse_rfc3339(value.text) : std::nullopt;
  return time ? of(*time, ~seed) : hash_of(value.text, seed);
}

std::vector<std::uint64_t> keys_of(const std::vector<FieldValue>& values) {
  std::vector<std::uint64_t> keys;
  for (const FieldValue& value : values) keys.push_back(key_of(value));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

bool asks_equality(const FieldComparison& comparison) {
  return comparison.how == config::Comparison::equal;
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

std::uint32_t mark_items(const Rule& rule, std::string& values, JudgedEvent* b,
                         std::span<const std::uint32_t> items_at) {
  const auto matches = values_at(rule.each->matches, b, compared_values_max);
  std::vector<std::uint64_t> keys;
  if (matches.size() > compared_one_by_one_max) keys = keys_of(matches);
  const auto matches_one = [&](const FieldValue& item) {
    if (!keys.empty() && !std::binary_search(keys.begin(), keys.end(), key_of(item))) return false;
    return std::any_of(matches.begin(), matches.end(),
                       [&](const FieldValue& value) { return value.equals(item); });
  };
  std::uint32_t marked = 0;
  const auto mark = [&](Reader& reader, std::size_t done_at) {
    const bool done = reader.byte() != 0;
    const auto item = read_value(reader);
    if (done || !item || !matches_one(*item)) return;
    values[done_at] = 1;
    ++marked;
  };
  for (const std::uint32_t at : items_at) {
    Reader reader{std::string_view{values}.substr(at)};
    mark(reader, at);
  }
  if (!items_at.empty()) return marked;
  Reader reader = at_items(rule, values);
  for (std::uint32_t left = reader.small(); left != 0; --left) mark(reader, reader.position());
  return marked;
}

// By the first equality, which one value of A decides, or else by its items.
bool is_looked_up(const Rule& rule) {
  return rule.each || std::any_of(rule.where.begin(), rule.where.end(), asks_equality);
}

std::vector<Wanted> wanted_by(const Rule& rule, std::string_view values) {
  Reader reader{values};
  for (const FieldComparison& comparison : rule.where) {
    const auto value = read_value(reader);
    if (asks_equality(comparison)) return {{value ? key_of(*value) : no_value, 0}};
  }
  std::vector<Wanted> wanted;
  for (std::uint32_t left = reader.small(); left != 0; --left) {
    const auto at = static_cast<std::uint32_t>(reader.position());
    const bool done = reader.byte() != 0;
    const auto item = read_value(reader);
    if (!done && item) wanted.push_back({key_of(*item), at});
  }
  return wanted;
}

std::vector<std::uint64_t> said_by(const Rule& rule, JudgedEvent* b) {
  const auto equality = std::find_if(rule.where.begin(), rule.where.end(), asks_equality);
  if (equality == rule.where.end()) return keys_of(values_at(rule.each->matches, b, compared_values_max));
  const auto values = values_at(equality->field, b, compared_values_max);
  return values.empty() ? std::vector{no_value} : keys_of(values);
}

std::uint32_t item_count(const Rule& rule, std::string_view values) {
  return rule.each ? at_items(rule, values).small() : 0;
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
