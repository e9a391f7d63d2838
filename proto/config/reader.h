// A walk over a YAML file that remembers which keys were asked for.
//
//   Section root{parse_yaml(text, problems), problems};
//   Section retry = root.section("retry");
//   retry.read_count("attempts", model.attempts, {1, 100});        // default kept if not given
//   retry.read_duration("pause", model.pause, {1ms, 24h});
//   // out of scope: keys that nobody asked for are problems, with "did you mean" from those that were
//
// Every trouble becomes a located problem and the walk goes on; a value that is wrong leaves the target as it
// was. So one pass finds all that is wrong, and "unknown key" needs no second list of keys.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/problems.h"
#include "config/units.h"
#include "config/yaml_tree.h"

namespace reel::config {

class Section;

/// What a number may be, both ends included, in the measure's first unit.
struct Range {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();
};
constexpr Range between(milliseconds min, milliseconds max) {
  return {static_cast<std::uint64_t>(min.count()), static_cast<std::uint64_t>(max.count())};
}

/// A value in the file and the way to it. Asked for as something it is not, it notes the problem and yields
/// nothing. A view: the tree and the problems outlive it.
class Value {
 public:
  Value(const Node& node, std::string path, Place key, Problems& problems)
      : node_{&node}, path_{std::move(path)}, key_{key}, problems_{&problems} {}

  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] Place place() const { return node_->place; }
  /// Where its key stands; its own place for an item of a list.
  [[nodiscard]] Place key_place() const { return key_; }
  /// "services.payments.retry.backoff[0]"
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::optional<bool> flag() const;
  [[nodiscard]] std::optional<std::uint64_t> count(Range range) const;
  [[nodiscard]] std::optional<std::uint64_t> quantity(const Measure& measure, Range range) const;
  [[nodiscard]] std::optional<milliseconds> duration(Range range) const;
  /// A percentage from 0% to 100%, as 0 to 1.
  [[nodiscard]] std::optional<double> share() const;
  /// Its items; none where nothing is written.
  [[nodiscard]] std::vector<Value> list() const;
  /// Its keys; none where nothing is written. `hint` stands at the caret when it is no map.
  [[nodiscard]] Section section(std::string hint = {}) const;

  /// Notes a problem at the value, or at its key.
  void refuse(std::string what, std::string hint = {}) const;
  void refuse_key(std::string what, std::string hint = {}) const;
  /// "'path' is VALUE, must be …": at the value, as the user wrote it.
  void refuse_value(const std::string& what, std::string hint = {}) const;
  [[nodiscard]] Problems& problems() const { return *problems_; }
  /// The text as it was written: in quotes if it was.
  [[nodiscard]] std::string as_written() const;

 private:
  [[nodiscard]] bool is_single(std::string_view wanted) const;
  void refuse_kind(std::string_view wanted, std::string hint = {}) const;
  void refuse_range(const std::string& min, const std::string& max) const;

  const Node* node_;
  std::string path_;
  Place key_;
  Problems* problems_;
};

/// A map in the file. Neither copied nor moved: it reports when it ends.
class Section {
 public:
  /// `place` is where a missing key is reported: at the map's own key.
  Section(const Node& map, std::string path, Place place, Problems& problems);
  ~Section();
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  [[nodiscard]] Place place() const { return place_; }
  [[nodiscard]] bool has(std::string_view key) const;

  /// The key's value if it is given.
  [[nodiscard]] std::optional<Value> find(std::string_view key);
  /// The same; when it is not given, that is a problem (unless a key that nobody asks for is so near that it
  /// must be this one, misspelt).
  [[nodiscard]] std::optional<Value> need(std::string_view key);
  /// Every key, for maps whose keys are names the user chose.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> named();
  /// The map or list below the key; an empty one where it is not given.
  [[nodiscard]] Section section(std::string_view key);
  [[nodiscard]] std::vector<Value> list(std::string_view key);

  /// Sets the target where the key is given and its value is what it should be.
  void read_text(std::string_view key, std::string& target);
  void read_flag(std::string_view key, bool& target);
  void read_share(std::string_view key, double& target);
  void read_duration(std::string_view key, milliseconds& target, Range range);
  template <std::unsigned_integral T>
  void read_size(std::string_view key, T& target, Range range) {
    if (const auto value = find(key)) set(value->quantity(sizes, range), target);
  }
  template <std::integral T>
  void read_count(std::string_view key, T& target, Range range) {
    if (const auto value = find(key)) set(value->count(range), target);
  }

  /// A key that means something, but not in this version.
  void refuse(std::string_view key, const std::string& why);
  /// Notes a problem at each of these keys that is given.
  void refuse_beside(std::initializer_list<std::string_view> keys, const std::string& why) const;
  /// Notes a problem at the map's key.
  void refuse_here(std::string what, std::string hint = {}) const;
  /// Notes a problem that lies between several settings: at the first of them that is given.
  void refuse_at(std::initializer_list<std::string_view> keys, std::string what) const;

 private:
  template <typename T>
  static void set(std::optional<std::uint64_t> number, T& target) {
    if (number) target = static_cast<T>(*number);  // the range fits T: it stands beside the target
  }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] const Node::Entry* entry(std::string_view key) const;
  [[nodiscard]] std::string in_path() const;
  void report_duplicates();
  void report_unknown();
  void report_missing();

  const Node* map_;  // null: not given, or no map
  std::string path_;
  Place place_;
  Problems* problems_;
  std::vector<std::string> asked_;
  std::vector<std::string> refused_;
  std::vector<std::string> missing_;
  bool all_asked_ = false;
};

}  // namespace reel::config
