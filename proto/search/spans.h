// How long something took, for any number of times: quantiles of what was added, here or elsewhere.
//
//   Spans fast; fast.add(1'200'000); all.merge(fast);
//   all.quantile(0.95)      -> at most 1/128 (0.8 %) off
//
// A time is counted in a class: one for each ns below 128, above that 64 for each power of two. So any two
// can be added up, which exact quantiles cannot, and one takes at most 3,776 classes however much it holds.
//
// Plain data.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::search {

class Spans {
 public:
  void add(std::uint64_t ns) { add_class(class_of(ns), 1, ns, ns); }
  void merge(const Spans& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The smallest time that so large a share (0 to 1) of all times does not exceed; 0 of nothing.
  [[nodiscard]] std::uint64_t quantile(double share) const;

  void write(v1::Spans& to) const;
  /// What is none of ours in it is left out.
  [[nodiscard]] static Spans read(const v1::Spans& from);

  static constexpr std::uint32_t classes_max = 3'776;
  [[nodiscard]] static std::uint32_t class_of(std::uint64_t ns);
  /// The middle of a class.
  [[nodiscard]] static std::uint64_t time_of(std::uint32_t number);

 private:
  void add_class(std::uint32_t number, std::uint64_t count, std::uint64_t least, std::uint64_t most);

  std::vector<std::pair<std::uint32_t, std::uint64_t>> classes_;  // by number, ascending
  std::uint64_t count_ = 0;
  std::uint64_t least_ = ~std::uint64_t{0};
  std::uint64_t most_ = 0;
};

}  // namespace reel::search
