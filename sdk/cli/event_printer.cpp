#include "cli/event_printer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

/// Padded to the widest so far, so that lines stand below each other without knowing what comes.
std::string in_column(std::string_view foreign, std::size_t& columns) {
  constexpr std::size_t columns_max = 40;
  std::string text = shown(foreign);
  const std::size_t used = columns_of(text);
  columns = std::max(columns, std::min(used, columns_max));
  if (used < columns) text.append(columns - used, ' ');
  return text;
}

}  // namespace

bool EventPrinter::print(std::span<const StreamEvent> events) {
  printed_.clear();
  for (const StreamEvent& event : events) {
    out_.line(json_ ? catalog_.event_json(event) : text_of(event));
    printed_.push_back(event.offset);
    if (left_ != 0 && --left_ == 0) return false;
  }
  return true;
}

std::string EventPrinter::text_of(const StreamEvent& event) {
  const Terminal& terminal = out_.terminal();
  const std::uint64_t time = event.recordedtime != 0 ? event.recordedtime : event.time;
  return fmt::format("{}  {}  {}  {}  {}", terminal.paint(Ink::dim, clock_text(time)),
                     terminal.paint(Ink::cyan, in_column(event.topic, topic_columns_)),
                     in_column(event.correlationid, flow_columns_), in_column(event.source, source_columns_),
                     catalog_.payload_text(event.dataschema, event.data));
}

}  // namespace reel::cli
