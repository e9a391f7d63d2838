// A queue of events on disk, in order: what a publisher keeps while no broker answers.
//
//   Spool spool{"/var/lib/shop/spool", 1u << 30};
//   if (const auto why_not = spool.append(event)) …     // the disk is full, or bytes_max reached
//   for (const auto& event : spool.read(192u << 10)) …  // the oldest; they stay until
//   spool.advance(count);                               // so many of them are done with
//
// Segments `0…01.spool` of records (spool_records.h), each a reel.v1.Batch of one event. A segment is deleted
// when all of it is done with; `position` says how far the first one is. What append() has taken survives the
// process, after sync() a power cut too; what was advanced over may come again after one. Broken bytes are
// passed over, and told.
//
// Not thread-safe. One Spool at a time has a folder: the others are refused.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace reel::sdk {

/// The size at which a segment is full: disk space comes back in steps of this.
inline constexpr std::uint64_t spool_segment_bytes = 8u << 20;

/// The folder cannot be used: where, why, and what helps.
struct SpoolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Spool {
 public:
  /// Makes the folder where there is none, and goes on with what is in it. Throws SpoolError.
  Spool(std::filesystem::path folder, std::uint64_t bytes_max,
        std::uint64_t segment_bytes = spool_segment_bytes);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// A batch of one event. Why it is not kept, if it is not.
  [[nodiscard]] std::optional<std::string> append(std::string_view event);
  /// The same, before all that is there. Of several in one call the first stays first.
  [[nodiscard]] std::optional<std::string> prepend(const std::vector<std::string>& events);
  /// Everything appended is on the disk, not just with the system. Why it is not, if it is not.
  [[nodiscard]] std::optional<std::string> sync();

  /// The oldest events, no more than so many bytes of them, but one at least where there is one.
  [[nodiscard]] std::vector<std::string> read(std::size_t bytes);
  /// The oldest so many are done with.
  void advance(std::size_t count);

  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return events_ == 0; }
  /// At least half of it is free.
  [[nodiscard]] bool has_drained() const { return bytes_ <= bytes_max_ / 2; }
  /// Bytes that could not be read.
  [[nodiscard]] std::uint64_t broken_bytes() const { return broken_bytes_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Segment {
    std::uint64_t number;
    std::uint64_t size;        // of its whole records
    std::uint64_t events = 0;  // not done with
  };

  void lock();
  void load();
  void load_position();
  void scan(Segment& segment, std::uint64_t from);
  void cut(Segment& segment, std::uint64_t at, std::uint64_t events);
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t number) const;
  [[nodiscard]] std::optional<std::string> open_last();
  [[nodiscard]] std::optional<std::string> write_front(const std::vector<std::string>& events);
  [[nodiscard]] std::optional<std::string> write(int file, std::uint64_t at, std::string_view bytes) const;
  [[nodiscard]] std::optional<std::string> sync_folder();
  void save_position();
  void begin_anew();
  void drop_first();
  void remove(const Segment& segment) const;

  const std::filesystem::path folder_;
  const std::uint64_t bytes_max_;
  const std::uint64_t segment_bytes_;
  int lock_ = -1;
  int last_ = -1;          // the segment that is written to
  bool is_synced_ = true;  // what is in it is on the disk
  bool is_listed_ = true;  // its name is on the disk, too, and so is the position
  int position_ = -1;
  std::deque<Segment> segments_;
  std::uint64_t first_at_ = 0;  // of the first segment so much is done with
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t broken_bytes_ = 0;
};

}  // namespace reel::sdk
