#include "cli/start_text.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

#include "cli/duration_text.h"
#include "cli/invocation.h"

namespace reel::cli {

Start start_of(const std::string& option, const std::string& text) {
  if (text == "new") return Start::newest();
  if (text == "start") return Start::oldest();
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc{} && end == text.data() + text.size()) return Start::offset(offset);
  if (const auto time = parse_time(text)) return Start::time(*time);
  if (const auto ago = parse_duration(text))
    return Start::time(unix_now() - static_cast<std::uint64_t>(ago->count()));
  throw Failure{
      exit_code::usage,
      fmt::format("{} '{}' is not new, start, an offset, a time (2026-03-01T10:00:00Z) or how long ago (10m)",
                  option, shown(text))};
}

}  // namespace reel::cli
