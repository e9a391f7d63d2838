// Finding an event by its id in the journal, also one that is kept there until it is due.
//
//   EventSearch search{id, flow};                 // flow: empty for any
//   if (search.see(event)) …                      // event by event; true: it stands at offset()
//
// Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "story/event_story.h"

namespace reel::cli {

using namespace story;

class EventSearch {
 public:
  EventSearch(std::string id, std::string flow) : id_{std::move(id)}, flow_{std::move(flow)} {}

  bool see(const StreamEvent& event);

  /// It stands in the journal, or is kept there.
  [[nodiscard]] bool any() const { return offset_ != 0 || kept_; }
  /// 0: it does not stand there.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] const std::optional<StoryKept>& kept() const { return kept_; }
  /// What a kept event says of itself.
  [[nodiscard]] const StoryHead& kept_head() const { return kept_head_; }

 private:
  void see_kept(const StreamEvent& event);
  void see_command(const StreamEvent& event);

  std::string id_;
  std::string flow_;
  std::uint64_t offset_ = 0;
  std::optional<StoryKept> kept_;
  StoryHead kept_head_;
  std::uint64_t kept_at_ = 0;  // where it stands now: kept events are moved on with the journal
};

}  // namespace reel::cli
