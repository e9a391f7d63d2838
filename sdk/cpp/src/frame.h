// A ZeroMQ message as the SDK passes it around: the encoded header and, where the grammar has one, the batch
// behind it, which is shared rather than copied (a batch may be sent again; a delivered one outlives its
// frame for as long as handlers look into it).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace reel::sdk {

struct Body {
  std::shared_ptr<const void> owner;
  std::string_view bytes;

  static Body of(std::string bytes) {
    auto owned = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *owned;
    return {std::move(owned), view};
  }
};

struct Frame {
  std::string header;
  Body body;  // no owner: the message is the header alone
};

}  // namespace reel::sdk
