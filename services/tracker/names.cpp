#include "tracker/names.h"

namespace reel::tracker {

Name Names::look_up(std::string_view text) {
  if (text.empty()) return 0;
  auto known = numbers_.find(text);
  if (known == numbers_.end()) {
    const auto name = static_cast<Name>(texts_.size());
    known = numbers_.emplace(texts_.emplace_back(text), name).first;
  }
  recent_[place_of(known->first)] = {known->first, known->second};
  return known->second;
}

Name Names::intern_source(std::string_view text) {
  const bool is_full = texts_.size() > most_ && find(text) == 0;
  return intern(is_full && !text.empty() ? "(one of many)" : text);
}

Name Names::find(std::string_view text) const {
  const auto found = numbers_.find(text);
  return found == numbers_.end() ? 0 : found->second;
}

}  // namespace reel::tracker
