#include "search/spans.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace reel::search {
namespace {

constexpr std::uint32_t exact_below = 128;
constexpr unsigned bits_kept = 6;  // behind the leading one

}  // namespace

std::uint32_t Spans::class_of(std::uint64_t ns) {
  if (ns < exact_below) return static_cast<std::uint32_t>(ns);
  const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1;  // 7 to 63
  const auto kept = static_cast<std::uint32_t>(ns >> (exponent - bits_kept)) & ((1u << bits_kept) - 1);
  return exact_below + ((exponent - 7) << bits_kept) + kept;
}

std::uint64_t Spans::time_of(std::uint32_t number) {
  if (number < exact_below) return number;
  const unsigned exponent = ((number - exact_below) >> bits_kept) + 7;
  const std::uint64_t kept = (number - exact_below) & ((1u << bits_kept) - 1);
  const unsigned shift = exponent - bits_kept;
  return (((std::uint64_t{1} << bits_kept) + kept) << shift) + (std::uint64_t{1} << shift) / 2;
}

void Spans::add_class(std::uint32_t number, std::uint64_t count, std::uint64_t least, std::uint64_t most) {
  const auto at =
      std::lower_bound(classes_.begin(), classes_.end(), number,
                       [](const auto& each, std::uint32_t wanted) { return each.first < wanted; });
  if (at != classes_.end() && at->first == number) {
    at->second += count;
  } else {
    classes_.insert(at, {number, count});
  }
  count_ += count;
  least_ = std::min(least_, least);
  most_ = std::max(most_, most);
}

void Spans::merge(const Spans& other) {
  for (const auto& [number, count] : other.classes_) add_class(number, count, other.least_, other.most_);
}

std::uint64_t Spans::quantile(double share) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (const auto& [number, count] : classes_) {
    seen += count;
    if (seen >= rank) return std::clamp(time_of(number), least_, most_);
  }
  return most_;
}

void Spans::write(v1::Spans& to) const {
  if (count_ == 0) return;
  for (const auto& [number, count] : classes_) {
    to.add_classes(number);
    to.add_counts(count);
  }
  to.set_least(least_);
  to.set_most(most_);
}

Spans Spans::read(const v1::Spans& from) {
  Spans spans;
  if (from.least() > from.most()) return spans;
  for (int i = 0; i < std::min(from.classes_size(), from.counts_size()); ++i) {
    if (from.classes(i) >= classes_max || from.counts(i) == 0) continue;
    spans.add_class(from.classes(i), from.counts(i), from.least(), from.most());
  }
  return spans;
}

}  // namespace reel::search
