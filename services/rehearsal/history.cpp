#include "rehearsal/history.h"

#include <utility>

#include "rehearsal/history_lines.h"

namespace reel::rehearsal {

void read_history(ByteSource bytes, Record& record, const std::function<void(const HistoryEvent&)>& each) {
  HistoryLines lines{std::move(bytes)};
  EventLine reader;
  HistoryEvent event;
  while (auto line = lines.next()) {
    record.count_lines(line->number);
    if (!line->error.empty()) {
      record.refuse(line->number, std::move(line->error));
      continue;
    }
    if (line->text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    event.line = line->number;
    if (auto wrong = reader.read(line->text, event)) {
      record.refuse(line->number, std::move(*wrong));
      continue;
    }
    record.take(event);
    each(event);
  }
}

}  // namespace reel::rehearsal
