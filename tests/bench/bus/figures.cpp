#include "figures.h"

#include <algorithm>

namespace reel::bench {

Spread spread_of(const std::vector<Figures>& runs, std::string_view figure) {
  std::vector<double> values;
  for (const Figures& run : runs) {
    if (const auto found = run.find(std::string{figure}); found != run.end()) values.push_back(found->second);
  }
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .min = values.front(), .max = values.back()};
}

bool more_is_better(std::string_view figure) {
  return figure.ends_with("_per_s");
}

}  // namespace reel::bench
