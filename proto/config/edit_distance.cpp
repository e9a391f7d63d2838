// Optimal string alignment, three rows at a time.
#include "config/edit_distance.h"

#include <algorithm>
#include <numeric>

namespace reel::config {
namespace {

// Beyond this a name is not a slip of the pen, and comparing it with everything costs too much.
constexpr std::size_t name_bytes_max = 256;

std::string lower(std::string_view name) {
  std::string result{name};
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// In a short name every slip makes another word: `to` is not a misspelt `as`.
std::size_t slips_believed(std::size_t length) {
  if (length < 3) return 0;
  if (length < 6) return 1;
  return length < 10 ? 2 : 3;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  const auto longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > most) return most + 1;

  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    if (*std::min_element(row.begin(), row.end()) > most) return most + 1;
    before.swap(above);
    above.swap(row);
  }
  return std::min(above[b.size()], most + 1);
}

std::string nearest(std::string_view name, const std::vector<std::string_view>& names) {
  if (name.empty() || name.size() > name_bytes_max) return {};
  const auto wanted = lower(name);
  std::string_view best;
  std::size_t best_distance = slips_believed(name.size()) + 1;
  for (const auto candidate : names) {
    if (candidate == name) continue;
    const auto distance = edit_distance(wanted, lower(candidate), best_distance - 1);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
    if (distance == 0) break;
  }
  if (!best.empty()) return std::string{best};

  const auto in_a_package = "." + std::string{name};
  for (const auto candidate : names) {
    if (candidate.ends_with(in_a_package)) return std::string{candidate};
  }
  return {};
}

}  // namespace reel::config
