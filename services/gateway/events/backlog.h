// The newest events of one subscription, as the text that clients get: written once for all of them, and kept
// up to a number of bytes. Each client is a cursor into it, so how many there are, and how slow they are,
// costs nothing here; one that falls behind the oldest text has lost events and is told so.
//
//   backlog.add(42, "id: 42\ndata: {…}\n\n");
//   auto read = backlog.read(cursor, 64 KiB);      // read.lost: the cursor is behind what is kept
//   cursor = read.next;
//
// Sans-IO; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace reel::gateway {

class Backlog {
 public:
  explicit Backlog(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// `offset` is above all since begin_again(). A text larger than the backlog is kept alone.
  void add(std::uint64_t offset, std::string text);

  /// Offsets begin again: where one is, and what is kept from it on, is asked of what is added from now on.
  void begin_again();
  /// From now on.
  void limit(std::size_t bytes_max);
  /// What stands before this cursor is wanted by nobody.
  void drop_before(std::uint64_t cursor);

  /// Behind the newest.
  [[nodiscard]] std::uint64_t end() const { return begin_ + texts_.size(); }
  [[nodiscard]] bool empty() const { return texts_.empty(); }
  /// The cursor of the first event at `offset` or later.
  [[nodiscard]] std::uint64_t at(std::uint64_t offset) const;
  /// Whether every event from `offset` on that was ever added is kept. `began` is what the subscription
  /// promised: no event before it was to be added.
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t began) const;
  [[nodiscard]] std::size_t bytes_from(std::uint64_t cursor) const;

  struct Read {
    std::string text;
    std::uint64_t next = 0;
    bool lost = false;
    std::uint64_t offset = 0;  ///< of the last of them; 0 where there is none
  };
  /// Whole events, at least one where there is one, and no more once `bytes_max` are reached.
  [[nodiscard]] Read read(std::uint64_t cursor, std::size_t bytes_max) const;

 private:
  void drop_oldest();

  struct Entry {
    std::uint64_t offset;
    std::string text;
  };
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t begin_ = 0;          // the cursor of the oldest
  std::uint64_t rising_from_ = 0;    // from this cursor on each offset is above the last
  std::uint64_t dropped_up_to_ = 0;  // the offset of the newest of them that is not kept any more
  std::deque<Entry> texts_;
};

}  // namespace reel::gateway
