// Services that do not want every event of a topic: their patterns have a `when`, or do not all begin at the
// same place.
//
//   const ChoosyIndex index{choosy};                      // of one topic
//   index.each_wanting(judged, offset, [&](ServiceIndex service) { … });
//
// Asked together, so that a topic with a thousand of them costs what those cost that could want an event.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "event/event_pattern.h"
#include "event/pattern_index.h"
#include "journal/stored_batch.h"

namespace reel::broker {

/// A service as the broker numbers them.
using ServiceIndex = std::size_t;

/// A service that does not want every event of a topic.
struct Choosy {
  ServiceIndex service{};
  /// From its patterns that match the topic: it wants what one of them says yes to.
  struct Wish {
    Offset from = 0;  // nothing before
    std::optional<EventPattern> when;
  };
  std::vector<Wish> wishes;

  [[nodiscard]] bool wants(JudgedEvent& event, Offset offset) const;
};

class ChoosyIndex {
 public:
  ChoosyIndex() = default;
  /// `choosy` by service, ascending.
  explicit ChoosyIndex(const std::vector<Choosy>& choosy);

  [[nodiscard]] bool empty() const { return wishes_.empty(); }
  /// How many wishes are looked at for each event, whatever it holds.
  [[nodiscard]] std::size_t asked_always() const { return patterns_.asked_always() + plain_.size(); }

  /// Calls `each` with the services that want this event at this place: ascending, each once. Returns how
  /// many patterns were asked, at least 1.
  template <class Each>
  std::size_t each_wanting(JudgedEvent& event, Offset offset, Each each) const {
    auto plain = plain_.begin();
    std::optional<ServiceIndex> last;
    const auto say = [&](const Wish& wish) {
      if (offset < wish.from || wish.service == last) return;
      last = wish.service;
      each(wish.service);
    };
    const auto asked = patterns_.match(event, [&](std::uint32_t number) {
      for (; plain != plain_.end() && *plain < number; ++plain) say(wishes_[*plain]);
      say(wishes_[number]);
    });
    for (; plain != plain_.end(); ++plain) say(wishes_[*plain]);
    return asked + plain_.size() + 1;
  }

 private:
  struct Wish {
    ServiceIndex service;
    Offset from;
  };
  std::vector<Wish> wishes_;          // of all, by service
  std::vector<std::uint32_t> plain_;  // of these, those without `when`
  PatternIndex patterns_;             // the others, by their place in wishes_
};

}  // namespace reel::broker
