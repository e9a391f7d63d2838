// An array that grows without moving what it has, by pages: no pause however long it is, and one lookup more
// than an array.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace reel::tracker {

template <typename T>
class Paged {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::size_t at) { return pages_[at / per_page][at % per_page]; }
  [[nodiscard]] const T& operator[](std::size_t at) const { return pages_[at / per_page][at % per_page]; }

  /// Longer, by values as T has them; never shorter.
  void grow(std::size_t size) {
    while (pages_.size() * per_page < size) pages_.push_back(std::make_unique<T[]>(per_page));
    if (size > size_) size_ = size;
  }

 private:
  static constexpr std::size_t per_page = 4'096;

  std::vector<std::unique_ptr<T[]>> pages_;
  std::size_t size_ = 0;
};

}  // namespace reel::tracker
