// A file of the journal: a descriptor that closes itself, and the few calls made on it. Every failure is a
// JournalError that says what was tried, on which path, why it failed, and what to do.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/journal_error.h"

namespace reel::broker {

class File {
 public:
  enum class Mode : std::uint8_t {
    read,        ///< must exist
    read_write,  ///< must exist
    create,      ///< read and write; emptied where it exists
    lock,        ///< read and write; made where it does not exist
  };
  static File open(std::filesystem::path path, Mode mode);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint64_t size() const;

  /// Fills `into` from `position` on; returns how much of it there was before the end of the file.
  [[nodiscard]] std::size_t read(std::span<char> into, std::uint64_t position) const;
  /// Where the first byte at or behind `position` stands that may be other than zero: skips what was reserved
  /// and never written. Nothing where there is none.
  [[nodiscard]] std::optional<std::uint64_t> next_data(std::uint64_t position) const;
  /// Writes all pieces one behind the other, in as few calls as the system takes. Consumes `pieces`.
  void write(std::span<iovec> pieces, std::uint64_t position);
  void write(std::string_view bytes, std::uint64_t position);
  /// Waits until what was written is on the disk.
  void sync();
  /// Makes the file at least this large; what is new reads as zeros and has its place on the disk.
  void reserve(std::uint64_t bytes);
  void truncate(std::uint64_t bytes);
  /// Takes the place of whatever has the new name. The directory is not synced.
  void rename(std::filesystem::path path);

 private:
  File(int fd, std::filesystem::path path) : fd_{fd}, path_{std::move(path)} {}

  int fd_ = -1;
  std::filesystem::path path_;
};

/// Makes names created, renamed and deleted in `directory` durable.
void sync_directory(const std::filesystem::path& directory);
void remove_file(const std::filesystem::path& path);

/// "cannot write data/1.journal: No space left on device; free some, or move broker.data". What to do depends
/// on the error number alone.
[[nodiscard]] std::string disk_sentence(std::string_view verb, const std::filesystem::path& path, int error);

}  // namespace reel::broker
