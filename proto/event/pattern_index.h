// Many patterns asked about one event at the cost of the few that could match.
//
//   PatternIndex index;
//   index.add(7, pattern);                        // numbers ascend
//   index.match(judged, [&](std::uint32_t number) { … });     // ascending
//
// A pattern that asks one field for one of certain values, `{"subject": ["a", "b"]}`, can only match an event
// that has one of them there. So it is found by the event's value instead of being asked: a field is looked
// up once, however many patterns ask for it. Patterns without such a field are asked each time. Built once;
// read-only and so safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/event_pattern.h"
#include "event/pattern_tree.h"

namespace reel {

class PatternIndex {
 public:
  /// Larger than all before.
  void add(std::uint32_t number, const EventPattern& pattern);

  /// How many are asked about each event.
  [[nodiscard]] std::size_t asked_always() const { return asked_always_.size(); }

  /// Calls `each` with the numbers of the patterns that match, ascending. Returns how many were asked.
  template <class Each>
  std::size_t match(JudgedEvent& event, Each each) const {
    const auto candidates = find(event);
    for (const auto at : candidates) {
      if (entries_[at].pattern.matches(event)) each(entries_[at].number);
    }
    return candidates.size();
  }

 private:
  using Places = std::vector<std::uint32_t>;  // in entries_
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Entry {
    std::uint32_t number;
    EventPattern pattern;
  };
  /// A field, and who asks it for which values.
  struct Field {
    std::vector<pattern::Node> path;  // from the whole event
    std::unordered_map<std::string, Places, TextHash, std::equal_to<>> by_text;
    std::map<pattern::Number, Places> by_number;
  };
  class Lookup;

  [[nodiscard]] Places find(JudgedEvent& event) const;
  [[nodiscard]] Field& field_at(const std::vector<const pattern::Node*>& path);

  std::vector<Entry> entries_;
  std::vector<Field> fields_;
  std::map<std::vector<std::string>, std::size_t> by_path_;  // in fields_
  Places asked_always_;
};

}  // namespace reel
