// A flow as a sequence: who published what, whom it was handed to, and how that ended, one after the other.
//
//   const Sequence sequence{picture};
//   sequence.lifelines()        "orders", "payments", …: in the order in which they come into it
//   for (const SequenceItem& item : sequence.items()) …
//
// In the order of log time, which is that of the offsets. Pure; refers to the picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "story/flow_picture.h"

namespace reel::cli {

using namespace story;

enum class SequenceKind : std::uint8_t {
  published,  ///< `from` published the step
  handed,     ///< it was handed from there to `to`
  ended,      ///< `to` is done with it, for good or for now
  open,       ///< `to` still waits for it, and was never given it
};

struct SequenceItem {
  SequenceKind kind{};
  std::uint64_t time = 0;           ///< log time
  std::size_t step = 0;             ///< of the picture
  std::size_t from = 0;             ///< lifeline of the publisher
  std::size_t to = 0;               ///< lifeline of the service; of the publisher where it was published
  const StoryStep* what = nullptr;  ///< of `handed` and `ended`
  bool was_handed = false;          ///< of `ended`: there is a `handed` before it
  bool alone = false;               ///< of `published`: no service has a part in it
};

class Sequence {
 public:
  explicit Sequence(const FlowPicture& picture);

  [[nodiscard]] const FlowPicture& picture() const { return picture_; }
  [[nodiscard]] const std::vector<std::string>& lifelines() const { return lifelines_; }
  [[nodiscard]] const std::vector<SequenceItem>& items() const { return items_; }

 private:
  void add_part(const StoryPart& part, std::size_t step, std::size_t from, std::size_t to);

  const FlowPicture& picture_;
  std::vector<std::string> lifelines_;
  std::vector<SequenceItem> items_;
};

/// "order.placed", "order.placed #2": what the item is about, foreign text as it is.
[[nodiscard]] std::string item_text(const Sequence& sequence, const SequenceItem& item);

}  // namespace reel::cli
