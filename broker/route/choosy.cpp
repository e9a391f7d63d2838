#include "route/choosy.h"

#include <algorithm>

namespace reel::broker {

bool Choosy::wants(JudgedEvent& event, Offset offset) const {
  return std::any_of(wishes.begin(), wishes.end(), [&](const Wish& wish) {
    return offset >= wish.from && (!wish.when || wish.when->matches(event));
  });
}

ChoosyIndex::ChoosyIndex(const std::vector<Choosy>& choosy) {
  for (const Choosy& one : choosy) {
    for (const Choosy::Wish& wish : one.wishes) {
      const auto number = static_cast<std::uint32_t>(wishes_.size());
      wishes_.push_back({one.service, wish.from});
      wish.when ? patterns_.add(number, *wish.when) : plain_.push_back(number);
    }
  }
}

}  // namespace reel::broker
