#include "journal/recovery.h"

#include <algorithm>
#include <cstring>
#include <system_error>

#include "journal/segment_reader.h"
#include "journal/segment_writer.h"
#include "journal/torn_tail.h"

namespace reel::broker {

namespace {

constexpr std::size_t scan_block_bytes = 1 << 20;

std::vector<std::filesystem::path> segment_paths(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator at{directory, error}, end; !error && at != end;
       at.increment(error)) {
    if (segment_offset(at->path().filename().native())) paths.push_back(at->path());
  }
  if (error) throw JournalError{disk_sentence("read", directory, error.value())};
  std::sort(paths.begin(), paths.end());  // names sort as offsets do
  return paths;
}

JournalError damaged(const SegmentReader& reader, std::string_view why_it_matters) {
  return JournalError{reader.damage() + std::string{why_it_matters} +
                      "; restore the file from a copy, or move it and all later ones away to go on without "
                      "their events"};
}

// Walks from the last entry of the index to the end of what is whole.
SegmentReader walk(const IndexedSegment& from, SegmentIndex& index, std::uint64_t end_position) {
  const auto& segment = from.segment;
  const bool indexed = !from.index.empty();
  const auto position = indexed ? from.index.entries().back().position : segment->begin_position();
  const auto offset = indexed ? from.index.entries().back().offset : segment->first_offset();
  SegmentReader reader{segment, position, offset, end_position, scan_block_bytes};
  while (reader.next()) {
    // Records before the end of the index are looked at again, but are in it already.
    if (reader.header().first_offset == index.end().offset) index.add(reader.header());
  }
  const bool fits = reader.position() < index.end().position ||
                    (reader.position() == index.end().position && reader.offset() == index.end().offset);
  if (!fits)
    throw JournalError{index_path(segment->path()).string() + ": does not fit its segment; delete it"};
  return reader;
}

// The index of a segment that was closed, after a look at its last records.
SegmentIndex check_closed(const std::shared_ptr<const Segment>& segment) {
  const auto saved = SegmentIndex::load(*segment);
  SegmentIndex index = saved.value_or(SegmentIndex{*segment});
  const auto size = segment->file().size();
  const auto reader = walk({segment, index}, index, saved ? std::min(size, saved->end().position) : size);
  const bool whole =
      saved ? reader.position() == saved->end().position : !find_torn_tail(*segment, reader.position(), size);
  if (!whole) throw damaged(reader, " and a later segment exists, so this is no unfinished write");
  if (!saved) index.save(*segment);
  return index;
}

void check_order(const IndexedSegment& closed, const Segment& next) {
  const auto end = closed.index.end().offset;
  if (end == next.first_offset()) return;
  throw JournalError{closed.segment->path().string() + ": ends before offset " + std::to_string(end) +
                     ", but the next segment, " + next.path().filename().string() + ", begins with " +
                     std::to_string(next.first_offset()) +
                     (end < next.first_offset() ? "; restore what is missing between them from a copy"
                                                : "; one of them does not belong here: move it away")};
}

// The index of the segment to go on with. Cuts a torn tail.
SegmentIndex check_newest(const std::shared_ptr<const Segment>& segment, std::vector<std::string>& notes) {
  const auto saved = SegmentIndex::load(*segment);
  SegmentIndex index = saved.value_or(SegmentIndex{*segment});
  const auto size = segment->file().size();
  const auto reader = walk({segment, index}, index, size);
  if (saved && reader.position() < saved->end().position) {
    throw damaged(reader, ", and was whole when the broker last stopped");
  }
  auto file = File::open(segment->path(), File::Mode::read_write);
  if (const auto tail = find_torn_tail(*segment, reader.position(), size)) {
    if (tail->synced_once) throw damaged(reader, " and later ones are not, so this is no unfinished write");
    file.truncate(reader.position());
    file.reserve(size);
    notes.push_back(tail->note(*segment, reader.position(), reader.offset()));
  }
  file.sync();  // the batches of a crashed broker may be in the system's memory only
  return index;
}

}  // namespace

Recovered recover(const std::filesystem::path& directory) {
  Recovered recovered;
  std::vector<std::shared_ptr<const Segment>> segments;
  for (const auto& path : segment_paths(directory)) segments.push_back(Segment::open(path));

  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    recovered.segments.push_back({segments[i], check_closed(segments[i])});
    check_order(recovered.segments.back(), *segments[i + 1]);
  }
  if (!segments.empty()) {
    recovered.segments.push_back({segments.back(), check_newest(segments.back(), recovered.notes)});
  }
  remove_file(directory / unfinished_segment_name);
  return recovered;
}

}  // namespace reel::broker
