// Times sorted into buckets no wider than 3 % of what they hold, so that percentiles of any number of them
// take no more memory than a page or two.
//
//   LatencyBuckets buckets;
//   buckets.add(1'250'000);                    // nanoseconds
//   buckets.percentile(99.9)                   // 1'277'951: the upper end of its bucket
//
// Pure. bucket_of and bucket_end serve those who keep the counts elsewhere, in memory shared by processes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace reel::cli {

/// Buckets for each doubling: 32 are 3 %.
inline constexpr unsigned bucket_bits = 5;
/// Enough for 2^44 ns, almost five hours; what takes longer counts as that.
inline constexpr unsigned bucket_doublings = 40;
inline constexpr std::size_t bucket_count = (bucket_doublings + 1) << bucket_bits;

[[nodiscard]] constexpr std::size_t bucket_of(std::uint64_t ns) {
  if (ns < (1u << bucket_bits)) return ns;
  const unsigned doublings = static_cast<unsigned>(std::bit_width(ns)) - 1 - bucket_bits;
  const std::size_t bucket = (std::size_t{doublings} << bucket_bits) + (ns >> doublings);
  return std::min(bucket, bucket_count - 1);
}

/// The largest time in a bucket.
[[nodiscard]] constexpr std::uint64_t bucket_end(std::size_t bucket) {
  if (bucket < (2u << bucket_bits)) return bucket;
  const auto doublings = static_cast<unsigned>(bucket >> bucket_bits) - 1;
  const std::uint64_t mantissa = bucket - (std::size_t{doublings} << bucket_bits);
  return ((mantissa + 1) << doublings) - 1;
}

/// The time that `percent` of those counted do not exceed; 0 where none was counted. `counts` has
/// bucket_count entries.
template <class Counts>
[[nodiscard]] std::uint64_t percentile_of(const Counts& counts, double percent) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) total += counts[i];
  const double wanted = std::ceil(percent / 100 * static_cast<double>(total));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += counts[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted) return bucket_end(i);
  }
  return 0;
}

class LatencyBuckets {
 public:
  void add(std::uint64_t ns) { ++counts_[bucket_of(ns)]; }
  [[nodiscard]] std::uint64_t percentile(double percent) const { return percentile_of(counts_, percent); }

 private:
  std::array<std::uint64_t, bucket_count> counts_{};
};

}  // namespace reel::cli
