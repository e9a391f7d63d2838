#include "gateway/events/backlog.h"

#include <algorithm>

namespace reel::gateway {

void Backlog::add(std::uint64_t offset, std::string text) {
  bytes_ += text.size();
  texts_.push_back({offset, std::move(text)});
  while (bytes_ > bytes_max_ && texts_.size() > 1) drop_oldest();
}

void Backlog::begin_again() {
  rising_from_ = end();
  dropped_up_to_ = 0;
}

void Backlog::limit(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  while (bytes_ > bytes_max_ && texts_.size() > 1) drop_oldest();
}

void Backlog::drop_before(std::uint64_t cursor) {
  while (begin_ < cursor && !texts_.empty()) drop_oldest();
}

void Backlog::drop_oldest() {
  bytes_ -= texts_.front().text.size();
  if (begin_ >= rising_from_) dropped_up_to_ = texts_.front().offset;
  texts_.pop_front();
  ++begin_;
}

std::uint64_t Backlog::at(std::uint64_t offset) const {
  const auto older = static_cast<std::ptrdiff_t>(std::max(rising_from_, begin_) - begin_);
  const auto found = std::partition_point(texts_.begin() + older, texts_.end(),
                                          [offset](const Entry& entry) { return entry.offset < offset; });
  return begin_ + static_cast<std::uint64_t>(found - texts_.begin());
}

bool Backlog::holds(std::uint64_t offset, std::uint64_t began) const {
  return offset > dropped_up_to_ && offset >= began;
}

std::size_t Backlog::bytes_from(std::uint64_t cursor) const {
  std::size_t bytes = 0;
  for (auto at = std::max(cursor, begin_); at < end(); ++at) bytes += texts_[at - begin_].text.size();
  return bytes;
}

Backlog::Read Backlog::read(std::uint64_t cursor, std::size_t bytes_max) const {
  Read read{{}, cursor, cursor < begin_, 0};
  if (read.lost) return read;
  while (read.next < end() && read.text.size() < bytes_max) {
    const auto& entry = texts_[read.next++ - begin_];
    read.text += entry.text;
    read.offset = entry.offset;
  }
  return read;
}

}  // namespace reel::gateway
