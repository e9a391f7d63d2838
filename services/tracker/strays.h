// Strays: events of topics that definitions wait for, which came under a correlation id where nobody waits
// for them. The follow-up of one flow that bears the id of another is found here, by its cause or by its key.
//
// The newest `strays_max` are remembered, and none across a restart: a cause that is looked for later than
// that is handled_but_silent, which is true as well.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "tracker/names.h"

namespace reel::tracker {

/// At some 300 bytes each, 3 MB.
inline constexpr std::size_t strays_max = 10'000;

struct Stray {
  std::uint64_t offset = 0;
  Name topic = 0;
  std::string id;
  std::string correlationid;
  std::string causationid;
  std::string key;  ///< the partition key
  std::string subject;
  std::string source;
};

class Strays {
 public:
  void add(Stray stray) {
    if (newest_first_.size() == strays_max) newest_first_.pop_back();
    newest_first_.push_front(std::move(stray));
  }
  /// The newest that `wanted` says yes to; null where there is none.
  [[nodiscard]] const Stray* find(const std::function<bool(const Stray&)>& wanted) const {
    for (const Stray& stray : newest_first_) {
      if (wanted(stray)) return &stray;
    }
    return nullptr;
  }

 private:
  std::deque<Stray> newest_first_;
};

}  // namespace reel::tracker
