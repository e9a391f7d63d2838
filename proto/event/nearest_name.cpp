#include "event/nearest_name.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reel {
namespace {

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

using Row = std::array<std::size_t, nearest_name_bytes_max + 1>;

}  // namespace

std::size_t slips_in(std::string_view written) {
  if (written.size() < 3) return 0;  // in so short a name every slip makes another word
  return written.size() < 4 ? 1 : written.size() < 8 ? 2 : 3;
}

std::size_t name_distance(std::string_view written, std::string_view candidate) {
  const auto columns = candidate.size();
  if (written.size() > nearest_name_bytes_max || columns > nearest_name_bytes_max) {
    return written == candidate ? 0 : nearest_name_bytes_max;
  }
  // Row i: edits from written[0, i) to candidate[0, j); three rows are enough to see a swap.
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= columns; ++j) row[j] = j;
  for (std::size_t i = 1; i <= written.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= columns; ++j) {
      const char a = folded(written[i - 1]);
      const char b = folded(candidate[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a == b ? 0u : 1u)});
      if (i > 1 && j > 1 && a == folded(candidate[j - 2]) && folded(written[i - 2]) == b) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  // The beginning of a longer name: "totl" is one edit from "tota". Too short a word begins anything.
  const auto whole = row[columns];
  if (written.size() < 4 || columns <= written.size()) return whole;
  return std::min(whole, *std::min_element(row.begin() + 3, row.begin() + static_cast<long>(columns)) + 1);
}

}  // namespace reel
