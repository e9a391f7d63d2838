#include "tracker/names.h"

namespace reel::tracker {

Name Names::intern(std::string_view text) {
  if (text.empty()) return 0;
  if (const Name known = find(text)) return known;
  texts_.emplace_back(text);
  const Name name = static_cast<Name>(texts_.size() - 1);
  numbers_.emplace(texts_.back(), name);
  return name;
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
