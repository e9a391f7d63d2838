// reel.yaml from anywhere: whatever the bytes, they become a model or a report, never a crash. What loads
// once loads again, to the same digest.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto types = [](const auto&) {
    return reel::config::Schemas{{"A", "B", "shop.v1.OrderPlaced", "reel.v1.FlowOverdue"}, {}};
  };
  try {
    const auto model = reel::config::parse(text, "reel.yaml", types);
    if (reel::config::parse(text, "reel.yaml", types).digest != model.digest) std::abort();
  } catch (const reel::config::ConfigError& error) {
    if (std::string_view{error.what()}.find("reel.yaml") != 0) std::abort();
  }
  return 0;
}
