#include "cli/flow/sequence_text.h"

#include <algorithm>
#include <string_view>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "story/attempts.h"

namespace reel::cli {
namespace {

class LifelineCanvas {
 public:
  LifelineCanvas(const Sequence& sequence, const Terminal& terminal)
      : terminal_{terminal}, count_{std::min(sequence.lifelines().size(), lifelines_max)}, in_hand_(count_) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const bool rest = i + 1 == count_ && sequence.lifelines().size() > count_;
      names_.push_back(rest ? "and others" : fitted(shown(sequence.lifelines()[i]), lifeline_columns_max));
      const std::size_t width = columns_of(names_.back());
      begins_.push_back(right);
      centres_.push_back(right + width / 2);
      right += std::max(width, std::size_t{2}) + 2;
    }
    width_ = right;
  }

  [[nodiscard]] std::string heading() const {
    std::string text;
    std::size_t used = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      text += std::string(begins_[i] - used, ' ') + names_[i];
      used = begins_[i] + columns_of(names_[i]);
    }
    return text;
  }

  /// The lifelines with the item drawn between them.
  [[nodiscard]] std::string draw(const SequenceItem& item) {
    const std::size_t from = std::min(item.from, count_ - 1);
    const std::size_t to = std::min(item.to, count_ - 1);
    if (item.kind == SequenceKind::handed) ++in_hand_[to];
    std::vector<std::string_view> cells(width_, " ");
    for (std::size_t i = 0; i < count_; ++i) cells[centres_[i]] = in_hand_[i] > 0 ? "┃" : "│";
    std::size_t marked = width_;
    Ink ink = Ink::plain;
    switch (item.kind) {
      case SequenceKind::published: cells[centres_[from]] = "●"; break;
      case SequenceKind::handed: arrow(cells, from, to, "─"); break;
      case SequenceKind::open:
        arrow(cells, from, to, "┄");
        ink = Ink::yellow;
        break;
      case SequenceKind::ended:
        marked = centres_[to];
        cells[marked] = is_failure(item.what->kind) ? "✗" : "■";
        ink = item.what->kind == StepKind::acked ? Ink::green : Ink::red;
        if (item.was_handed && in_hand_[to] > 0) --in_hand_[to];
        break;
    }
    std::string text;
    for (std::size_t i = 0; i < width_; ++i) {
      text += i == marked ? terminal_.paint(ink, cells[i]) : std::string{cells[i]};
    }
    return text;
  }

 private:
  void arrow(std::vector<std::string_view>& cells, std::size_t from, std::size_t to, std::string_view line) {
    const std::size_t begin = centres_[from];
    const std::size_t end = centres_[to];
    if (begin == end) {
      cells[begin + 1] = "↺";
      return;
    }
    const bool right = begin < end;
    cells[begin] = right ? "├" : "┤";
    for (std::size_t i = std::min(begin, end) + 1; i < std::max(begin, end); ++i) cells[i] = line;
    cells[right ? end - 1 : end + 1] = right ? "▶" : "◀";
  }

  const Terminal& terminal_;
  std::size_t count_;
  std::vector<std::size_t> in_hand_;
  std::vector<std::string> names_;
  std::vector<std::size_t> begins_;
  std::vector<std::size_t> centres_;
  std::size_t width_ = 0;
};

Ink label_ink(const SequenceItem& item) {
  if (item.kind == SequenceKind::open) return Ink::yellow;
  if (item.kind != SequenceKind::ended) return item.kind == SequenceKind::published ? Ink::bold : Ink::plain;
  if (item.what->kind == StepKind::acked) return Ink::dim;
  return is_failure(item.what->kind) ? Ink::red : Ink::yellow;
}

}  // namespace

void sequence_text(const Sequence& sequence, const Terminal& terminal, const Sink& out) {
  out(flow_header(sequence.picture().flow(), terminal) + "\n");
  if (sequence.lifelines().empty()) return;
  LifelineCanvas canvas{sequence, terminal};
  constexpr std::string_view under_clock = "                ";  // "  10:02:11.004  "
  out(std::string{under_clock} + terminal.paint(Ink::bold, canvas.heading()) + "\n");
  for (const SequenceItem& item : sequence.items()) {
    std::string line = "  " + terminal.paint(Ink::dim, clock_text(item.time)) + "  ";
    line += canvas.draw(item);
    line += "  " + terminal.paint(label_ink(item), shown(item_text(sequence, item)));
    out(line + "\n");
  }
}

}  // namespace reel::cli
