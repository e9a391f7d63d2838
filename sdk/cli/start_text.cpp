#include "cli/start_text.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <optional>

#include "cli/duration_text.h"
#include "cli/invocation.h"

namespace reel::cli {
namespace {

std::optional<Start> place_of(const std::string& text) {
  if (text == "new") return Start::newest();
  if (text == "start") return Start::oldest();
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc{} && end == text.data() + text.size()) return Start::offset(offset);
  if (const auto time = parse_time(text)) return Start::time(*time);
  if (const auto ago = parse_duration(text))
    return Start::time(unix_now() - static_cast<std::uint64_t>(ago->count()));
  return std::nullopt;
}

Failure no_place(const std::string& option, const std::string& text, std::string_view names) {
  return {exit_code::usage,
          fmt::format("{} '{}' is not {}, an offset, a time (2026-03-01T10:00:00Z) or how long ago (10m)",
                      option, shown(text), names)};
}

}  // namespace

Start start_of(const std::string& option, const std::string& text) {
  if (const auto place = place_of(text)) return *place;
  throw no_place(option, text, "new, start");
}

Start subscription_start(const std::string& option, const std::string& text) {
  if (text == "last") return Start::last();
  if (text == "last-per-topic") return Start::last_per_topic();
  if (const auto place = place_of(text)) return *place;
  throw no_place(option, text, "new, start, last, last-per-topic");
}

}  // namespace reel::cli
