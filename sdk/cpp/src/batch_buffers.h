// Memory of sent batches, for the next ones. A batch grows to 256 KiB within milliseconds; growing it in
// fresh pages each time cost as much as everything else a publisher does.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "frame.h"

namespace reel::sdk {

class BatchBuffers : public std::enable_shared_from_this<BatchBuffers> {
 public:
  /// An empty string, with memory where some is free.
  [[nodiscard]] std::string take() {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) return {};
    auto buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  /// `bytes` as a body that gives its memory back, from whichever thread lets go of it last.
  [[nodiscard]] Body body_of(std::string bytes) {
    auto* owned = new std::string{std::move(bytes)};
    const std::string_view view = *owned;
    auto owner = std::shared_ptr<const void>{
        owned, [buffers = weak_from_this()](const void* released) {
          const std::unique_ptr<std::string> text{static_cast<std::string*>(const_cast<void*>(released))};
          if (const auto alive = buffers.lock()) alive->give_back(std::move(*text));
        }};
    return {std::move(owner), view};
  }

 private:
  // What a busy publisher has on its way at a time; 16 x 256 KiB.
  static constexpr std::size_t kept_max = 16;
  static constexpr std::size_t kept_bytes_min = 64u << 10;  // less is not worth keeping

  void give_back(std::string buffer) {
    if (buffer.capacity() < kept_bytes_min || buffer.capacity() > 4 * (256u << 10)) return;
    const std::lock_guard lock{mutex_};
    if (free_.size() < kept_max) free_.push_back(std::move(buffer));
  }

  std::mutex mutex_;
  std::vector<std::string> free_;
};

}  // namespace reel::sdk
