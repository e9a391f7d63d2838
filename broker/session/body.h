// The batch of a frame on its way out: bytes that nobody copies, and what keeps them alive.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace reel::broker {

struct Body {
  std::string_view bytes;
  std::shared_ptr<const void> owner;

  Body() = default;
  /// Bytes of somebody else's.
  Body(std::string_view of_owner, std::shared_ptr<const void> kept_by)
      : bytes{of_owner}, owner{std::move(kept_by)} {}
  /// Its own.
  Body(std::string text) {  // NOLINT: a string is a body
    auto kept = std::make_shared<const std::string>(std::move(text));
    bytes = *kept;
    owner = std::move(kept);
  }

  [[nodiscard]] bool empty() const { return bytes.empty(); }
};

}  // namespace reel::broker
