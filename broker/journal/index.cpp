#include "journal/index.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

namespace reel::broker {

namespace {

struct IndexHeader {
  static constexpr std::uint64_t magic_of_ours = 0x5844'4e49'4c45'4552;  // "REELINDX"
  static constexpr std::uint32_t version_of_ours = 1;

  std::uint64_t magic = magic_of_ours;
  std::uint32_t version = version_of_ours;
  std::uint32_t entry_count = 0;
  std::uint64_t salt = 0;  ///< the segment's
  SegmentEnd end;
  std::uint64_t checksum = 0;  ///< XXH3-64 of all before it and the entries
};
static_assert(sizeof(IndexHeader) == 56 && offsetof(IndexHeader, end) == 24);

std::uint64_t checksum_of(IndexHeader header, std::string_view entries) {
  header.checksum = XXH3_64bits(entries.data(), entries.size());
  return XXH3_64bits(&header, sizeof header);
}

bool in_order(std::span<const IndexEntry> entries, const Segment& segment, const SegmentEnd& end) {
  if (entries.empty()) return end.offset == segment.first_offset();
  if (entries.front().offset != segment.first_offset()) return false;
  if (entries.front().position != segment.begin_position()) return false;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].offset <= entries[i - 1].offset || entries[i].position <= entries[i - 1].position) {
      return false;
    }
  }
  return entries.back().offset < end.offset && entries.back().position < end.position;
}

}  // namespace

void SegmentIndex::add(const RecordHeader& record) {
  assert(record.first_offset == end_.offset && "offsets have no gaps");
  if (entries_.empty() || end_.position - entries_.back().position >= spacing_bytes) {
    entries_.push_back({record.first_offset, record.log_time, end_.position});
  }
  end_ = {record.end_offset(), record.last_log_time(), end_.position + record_size(record.payload_bytes)};
}

void SegmentIndex::cut_back(std::size_t entries, const SegmentEnd& end) {
  assert(entries <= entries_.size() && end.position <= end_.position);
  entries_.resize(entries);
  end_ = end;
}

void SegmentIndex::extend(std::span<const IndexEntry> entries, const SegmentEnd& end) {
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  end_ = end;
}

const IndexEntry& SegmentIndex::entry_before(Offset offset) const {
  assert(!entries_.empty());
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](Offset wanted, const IndexEntry& entry) { return wanted < entry.offset; });
  return behind == entries_.begin() ? *behind : *std::prev(behind);
}

const IndexEntry& SegmentIndex::entry_before_time(LogTime time) const {
  assert(!entries_.empty());
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), time,
                       [](LogTime wanted, const IndexEntry& entry) { return wanted < entry.log_time; });
  return behind == entries_.begin() ? *behind : *std::prev(behind);
}

void SegmentIndex::save(const Segment& segment) const try {
  const std::string_view entries{reinterpret_cast<const char*>(entries_.data()),
                                 entries_.size() * sizeof(IndexEntry)};
  IndexHeader header;
  header.entry_count = static_cast<std::uint32_t>(entries_.size());
  header.salt = segment.salt();
  header.end = end_;
  header.checksum = checksum_of(header, entries);

  const auto path = index_path(segment.path());
  auto file = File::open(path.native() + ".new", File::Mode::create);
  file.write({reinterpret_cast<const char*>(&header), sizeof header}, 0);
  file.write(entries, sizeof header);
  file.sync();
  file.rename(path);
} catch (const JournalError&) {
  // Built again from the segment.
}

std::optional<SegmentIndex> SegmentIndex::load(const Segment& segment) try {
  const auto file = File::open(index_path(segment.path()), File::Mode::read);
  IndexHeader header;
  char bytes[sizeof header];
  if (file.read(bytes, 0) < sizeof bytes) return std::nullopt;
  std::memcpy(&header, bytes, sizeof header);
  const bool ours = header.magic == IndexHeader::magic_of_ours &&
                    header.version == IndexHeader::version_of_ours && header.salt == segment.salt();
  if (!ours || file.size() != sizeof header + header.entry_count * sizeof(IndexEntry)) return std::nullopt;

  SegmentIndex index{segment};
  index.entries_.resize(header.entry_count);
  index.end_ = header.end;
  const std::span<char> into{reinterpret_cast<char*>(index.entries_.data()),
                             index.entries_.size() * sizeof(IndexEntry)};
  if (file.read(into, sizeof header) < into.size()) return std::nullopt;
  if (header.checksum != checksum_of(header, {into.data(), into.size()})) return std::nullopt;
  if (!in_order(index.entries_, segment, index.end_)) return std::nullopt;
  return index;
} catch (const JournalError&) {
  return std::nullopt;  // absent or unreadable: built again
}

std::filesystem::path index_path(const std::filesystem::path& segment_path) {
  auto path = segment_path;
  return path.replace_extension(".index");
}

}  // namespace reel::broker
