#include "spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "spool_records.h"

namespace reel::sdk {
namespace {

constexpr std::uint64_t first_number = 1u << 20;  // room before it for what is put in front

std::string failed(const std::string& what, const std::filesystem::path& path) {
  return "cannot " + what + " " + path.string() + ": " + std::strerror(errno);
}

}  // namespace

Spool::Spool(std::filesystem::path folder, std::uint64_t bytes_max, std::uint64_t segment_bytes)
    : folder_{std::move(folder)}, bytes_max_{bytes_max}, segment_bytes_{segment_bytes} {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) throw SpoolError{"cannot make the spool folder " + folder_.string() + ": " + error.message()};
  try {
    lock();
    load();
    if (const auto why = open_last()) throw SpoolError{*why};
  } catch (...) {
    for (const int file : {lock_, last_, position_})
      if (file >= 0) ::close(file);
    throw;
  }
}

Spool::~Spool() {
  for (const int file : {last_, position_, lock_})
    if (file >= 0) ::close(file);
}

void Spool::lock() {
  const auto path = folder_ / "lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw SpoolError{failed("use the spool:", path)};
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    throw SpoolError{"another publisher uses the spool " + folder_.string() +
                     "; give each one a folder of its own"};
}

void Spool::load() {
  for (const auto& entry : std::filesystem::directory_iterator{folder_}) {
    const auto name = entry.path().filename().string();
    std::uint64_t number = 0;
    (void)std::from_chars(name.data(), name.data() + name.size(), number);
    if (number == 0 || entry.path() != path_of(number)) continue;  // somebody else's
    segments_.push_back({number, entry.file_size()});
  }
  std::sort(segments_.begin(), segments_.end(),
            [](const Segment& a, const Segment& b) { return a.number < b.number; });
  load_position();
  for (auto& segment : segments_) scan(segment, &segment == &segments_.front() ? first_at_ : 0);
}

void Spool::load_position() {
  const auto path = folder_ / "position";
  position_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (position_ < 0) throw SpoolError{failed("use the spool:", path)};
  std::array<std::uint64_t, 2> place{};
  if (::pread(position_, place.data(), sizeof place, 0) != sizeof place) return;
  while (segments_.size() > 1 && segments_.front().number < place[0]) drop_first();
  if (!segments_.empty() && segments_.front().number == place[0] && place[1] <= segments_.front().size)
    first_at_ = place[1];
}

void Spool::scan(Segment& segment, std::uint64_t from) {
  SpoolRecords records{path_of(segment.number), from};
  std::uint64_t events = 0;
  while (records.next()) ++events;
  if (records.unreadable()) throw SpoolError{failed("read the spool", path_of(segment.number))};
  segment.events = events;
  events_ += events;
  bytes_ += segment.size - from;
  cut(segment, records.at(), events);
}

// What is behind `at` cannot be read: it holds so many events before that.
void Spool::cut(Segment& segment, std::uint64_t at, std::uint64_t events) {
  broken_bytes_ += segment.size - at;
  bytes_ -= segment.size - at;
  events_ -= segment.events - events;
  segment.size = at;
  segment.events = events;
}

std::filesystem::path Spool::path_of(std::uint64_t number) const {
  auto name = std::to_string(number);
  name.insert(0, 20 - name.size(), '0');
  return folder_ / (name + ".spool");
}

// What is broken behind its last record is cut off, so that what is appended can be read.
std::optional<std::string> Spool::open_last() {
  if (segments_.empty()) segments_.push_back({first_number, 0});
  const auto path = path_of(segments_.back().number);
  if (last_ >= 0) ::close(last_);
  is_listed_ = is_listed_ && std::filesystem::exists(path);
  last_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (last_ < 0 || ::ftruncate(last_, static_cast<off_t>(segments_.back().size)) != 0)
    return failed("write the spool", path);
  return std::nullopt;
}

std::optional<std::string> Spool::write(int file, std::uint64_t at, std::string_view bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto wrote =
        ::pwrite(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      auto why =
          "cannot write the spool " + folder_.string() + ": " + std::strerror(wrote < 0 ? errno : ENOSPC);
      (void)!::ftruncate(file, static_cast<off_t>(at));
      return why;
    }
    done += static_cast<std::size_t>(wrote);
  }
  return std::nullopt;
}

std::optional<std::string> Spool::append(std::string_view event) {
  const auto record = spool_record(event);
  if (bytes_ + record.size() > bytes_max_)
    return "the spool " + folder_.string() + " is full: spool_bytes_max is " + std::to_string(bytes_max_);
  if (segments_.back().size >= segment_bytes_) {
    if (auto why = sync()) return why;  // it is the last that is synced later
    segments_.push_back({segments_.back().number + 1, 0});
    if (auto why = open_last()) {
      segments_.pop_back();
      (void)open_last();
      return why;
    }
  }
  is_synced_ = false;
  if (auto why = write(last_, segments_.back().size, record)) return why;
  segments_.back().size += record.size();
  ++segments_.back().events;
  bytes_ += record.size();
  ++events_;
  return std::nullopt;
}

// In a segment of its own, in front. The position speaks of one segment: of a first one that is partly done
// with, the rest moves along.
std::optional<std::string> Spool::prepend(const std::vector<std::string>& events) {
  auto all = events;
  const bool moves = first_at_ != 0;
  if (moves) {
    SpoolRecords rest{path_of(segments_.front().number), first_at_};
    while (rest.at() < segments_.front().size) {
      auto event = rest.next();
      if (!event && rest.unreadable()) return failed("read the spool", path_of(segments_.front().number));
      if (!event) {
        cut(segments_.front(), rest.at(), all.size() - events.size());
        break;
      }
      all.push_back(std::move(*event));
    }
  }
  if (auto why = write_front(all)) return why;
  for (const auto& event : events) bytes_ += spool_header_bytes + event.size();
  events_ += events.size();
  // A position of before would pass over what is in front of it.
  if (auto why = sync_folder()) return why;
  if (!moves) return std::nullopt;
  remove(segments_[1]);
  segments_.erase(segments_.begin() + 1);
  return segments_.size() == 1 ? open_last() : std::nullopt;
}

std::optional<std::string> Spool::write_front(const std::vector<std::string>& events) {
  std::string records;
  for (const auto& event : events) records += spool_record(event);
  const Segment front{segments_.front().number - 1, records.size(), events.size()};
  const auto path = path_of(front.number);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed("write the spool", path);
  auto why = write(file, 0, records);
  if (::fdatasync(file) != 0 && !why) why = failed("write the spool", path);
  ::close(file);
  if (why) return why;
  segments_.push_front(front);
  first_at_ = 0;
  is_listed_ = false;
  save_position();
  return std::nullopt;
}

std::optional<std::string> Spool::sync() {
  if (is_synced_ && is_listed_) return std::nullopt;
  if (::fdatasync(last_) != 0) return failed("write the spool", path_of(segments_.back().number));
  is_synced_ = true;
  return is_listed_ ? std::nullopt : sync_folder();
}

std::optional<std::string> Spool::sync_folder() {
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  is_listed_ = folder >= 0 && ::fsync(folder) == 0 && ::fdatasync(position_) == 0;
  if (folder >= 0) ::close(folder);
  return is_listed_ ? std::nullopt : std::optional{failed("write the spool", folder_)};
}

std::vector<std::string> Spool::read(std::size_t bytes) {
  std::vector<std::string> events;
  std::size_t total = 0;
  for (auto& segment : segments_) {
    SpoolRecords records{path_of(segment.number), &segment == &segments_.front() ? first_at_ : 0};
    for (std::uint64_t read = 0; records.at() < segment.size; ++read) {
      auto event = records.next();
      if (!event && records.unreadable()) return events;
      if (!event) {
        cut(segment, records.at(), read);
        break;
      }
      total += event->size();
      if (!events.empty() && total > bytes) return events;
      events.push_back(std::move(*event));
    }
  }
  return events;
}

void Spool::advance(std::size_t count) {
  while (count != 0) {
    SpoolRecords records{path_of(segments_.front().number), first_at_};
    while (count != 0 && records.at() < segments_.front().size && records.next()) {
      --count;
      --events_;
      --segments_.front().events;
    }
    bytes_ -= records.at() - std::exchange(first_at_, records.at());
    if (first_at_ < segments_.front().size || segments_.size() == 1) break;
    drop_first();
  }
  save_position();
  if (events_ != 0) return;
  begin_anew();
}

// All of it is done with. In a segment of its own: a power cut may bring back a position in the one before.
void Spool::begin_anew() {
  const auto number = segments_.back().number + 1;
  const auto done_with = std::exchange(segments_, {{number, 0}});
  if (open_last()) {
    segments_ = done_with;  // full of what is done with
    (void)open_last();
    return;
  }
  first_at_ = bytes_ = 0;
  save_position();
  for (const auto& segment : done_with) remove(segment);
}

void Spool::drop_first() {
  remove(segments_.front());
  segments_.pop_front();
  first_at_ = 0;
}

// Where that fails it is deleted later, or read over again: what it holds is recognised.
void Spool::remove(const Segment& segment) const {
  std::error_code ignored;
  std::filesystem::remove(path_of(segment.number), ignored);
}

void Spool::save_position() {
  const std::array<std::uint64_t, 2> place{segments_.front().number, first_at_};
  (void)!::pwrite(position_, place.data(), sizeof place, 0);
}

}  // namespace reel::sdk
