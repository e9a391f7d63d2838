#include "rehearsal/history_lines.h"

#include <utility>

#include "event/event_json.h"

namespace reel::rehearsal {
namespace {

static_assert(history_line_bytes_max == event_json_bytes_max);

constexpr std::size_t text_block_bytes = 256 * 1024;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

HistoryLines::HistoryLines(ByteSource source) : bytes_{std::move(source)}, block_(text_block_bytes) {}

std::optional<Line> HistoryLines::next() {
  if (std::exchange(line_is_out_, false)) kept_.clear();
  for (;;) {
    if (rest_.empty()) rest_ = {block_.data(), bytes_.read(block_)};
    if (rest_.empty()) return last();
    const auto end = rest_.find('\n');
    const auto part = rest_.substr(0, end);
    const bool whole = end != std::string_view::npos;
    rest_.remove_prefix(whole ? end + 1 : rest_.size());
    if (whole && kept_.empty() && !too_long_) return numbered(part);
    if (kept_.size() + part.size() > history_line_bytes_max) too_long_ = true;
    too_long_ ? kept_.clear() : void(kept_ += part);
    if (whole) return numbered(kept_);
  }
}

// The last line may lack its end; one that was cut by damage is not a line but the place of the damage.
std::optional<Line> HistoryLines::last() {
  if (std::exchange(ended_, true)) return std::nullopt;
  if (!bytes_.damage().empty()) return Line{.number = ++number_, .text = {}, .error = bytes_.damage()};
  if (kept_.empty() && !too_long_) return std::nullopt;
  return numbered(kept_);
}

Line HistoryLines::numbered(std::string_view text) {
  line_is_out_ = true;
  Line line{.number = ++number_, .text = text, .error = {}};
  if (number_ == 1 && line.text.starts_with(byte_order_mark)) line.text.remove_prefix(byte_order_mark.size());
  if (std::exchange(too_long_, false)) {
    line.error = "is longer than " + std::to_string(history_line_bytes_max >> 20) + " MiB";
    line.text = {};
  }
  return line;
}

}  // namespace reel::rehearsal
