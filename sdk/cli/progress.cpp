#include "cli/progress.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace reel::cli {

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string progress_text(std::uint64_t done, std::uint64_t whole, std::uint64_t events,
                          std::chrono::nanoseconds elapsed, std::string_view what) {
  constexpr std::size_t bar_columns = 30;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  const std::uint64_t rate = milliseconds <= 0 ? 0 : events * 1000 / static_cast<std::uint64_t>(milliseconds);
  const std::string counts =
      fmt::format("{} {}{}  {}/s", count_text(events), what, events == 1 ? "" : "s", count_text(rate));
  if (whole == 0) return counts;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(whole));
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
  return fmt::format("[{}{}] {:3}%  {}", std::string(filled, '#'), std::string(bar_columns - filled, ' '),
                     static_cast<int>(share * 100), counts);
}

void Progress::show(std::uint64_t done, std::uint64_t events) {
  if (!out_.terminal().interactive() || Clock::now() < next_) return;
  out_.raw("\r\x1b[K" + progress_text(done, whole_, events, elapsed(), what_));
  shown_ = true;
  next_ = Clock::now() + interval;
}

void Progress::clear() {
  if (shown_) out_.raw("\r\x1b[K");
  shown_ = false;
}

}  // namespace reel::cli
