#include "dispatch/deadlines.h"

#include <algorithm>

namespace reel::broker {

void Deadlines::skip_answered(Record& record, const Window& window) {
  const Position end = record.first + record.count;
  Position first = std::min(std::max(record.first, window.head()), end);
  while (first != end) {
    const Entry& entry = window.at(first);
    if (entry.state == EntryState::in_flight && entry.when == record.deadline) break;
    ++first;
  }
  record.first = first;
  record.count = end - first;
}

std::optional<Position> Deadlines::take_due(const Window& window, LogTime now) {
  while (!records_.empty() && records_.front().deadline <= now) {
    Record& record = records_.front();
    skip_answered(record, window);
    if (record.count > 0) {
      --record.count;
      return record.first++;
    }
    records_.pop_front();
  }
  return std::nullopt;
}

void Deadlines::tidy(const Window& window, std::size_t in_flight) {
  while (!records_.empty()) {
    skip_answered(records_.front(), window);
    if (records_.front().count > 0) break;
    records_.pop_front();
  }
  if (records_.size() <= 2 * in_flight + records_min) return;
  // Each record left has an entry in flight of its own, so at most `in_flight` are.
  for (Record& record : records_) skip_answered(record, window);
  std::erase_if(records_, [](const Record& record) { return record.count == 0; });
}

std::optional<LogTime> Deadlines::next() const {
  return records_.empty() ? std::nullopt : std::optional{records_.front().deadline};
}

void Deadlines::move(Position head, const std::vector<Position>& moved, Position end) {
  const auto moved_to = [&](Position position) {
    if (position < head) return head;
    return position - head < moved.size() ? moved[position - head] : end;
  };
  for (Record& record : records_) {
    const Position last = moved_to(record.first + record.count);
    record.first = moved_to(record.first);
    record.count = last - record.first;
  }
  std::erase_if(records_, [](const Record& record) { return record.count == 0; });
}

}  // namespace reel::broker
