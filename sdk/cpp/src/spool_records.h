// The records of a spool's segments: length and checksum, 4 bytes each, little-endian, then the event.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace reel::sdk {

inline constexpr std::size_t spool_header_bytes = 8;

[[nodiscard]] std::string spool_record(std::string_view event);

/// Walks the records of a segment, until its end or the first that is broken. A file that cannot be read now
/// says nothing of what is in it.
class SpoolRecords {
 public:
  SpoolRecords(const std::filesystem::path& path, std::uint64_t from);
  [[nodiscard]] std::optional<std::string> next();
  [[nodiscard]] bool unreadable() const { return !file_.is_open() || file_.bad(); }
  /// Behind the last record that next() gave.
  [[nodiscard]] std::uint64_t at() const { return at_; }

 private:
  std::ifstream file_;
  std::uint64_t at_;
};

}  // namespace reel::sdk
