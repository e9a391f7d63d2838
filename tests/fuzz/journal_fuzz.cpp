// Any bytes as a segment: recovery takes, cuts or refuses them, and what it takes can be read to its end.
//
// The first byte says how much help the bytes get, since nobody guesses a 64-bit checksum: bit 0 makes the
// segment's header a good one, bit 1 gives each record its place in the order of offsets and good checksums,
// so that what is behind the checksums is reached as well.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "journal/recovery.h"
#include "journal/segment_reader.h"

namespace {

using namespace reel::broker;
namespace fs = std::filesystem;

struct TempDirectory {
  fs::path path = fs::temp_directory_path() / ("reel-journal-fuzz-" + std::to_string(::getpid()));
  TempDirectory() { fs::create_directories(path); }
  ~TempDirectory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

constexpr std::uint64_t salt = 0x1122334455667788;

void make_header_good(std::string& bytes) {
  SegmentHeader header;
  header.first_offset = 1;
  header.salt = salt;
  header.checksum = header.checksum_due();
  if (bytes.size() < sizeof header) bytes.resize(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
}

void make_records_good(std::string& bytes) {
  Offset offset = 1;
  for (std::size_t at = sizeof(SegmentHeader); at + sizeof(RecordHeader) <= bytes.size();) {
    RecordHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    const auto room = bytes.size() - at - sizeof header;
    header.magic = RecordHeader::magic_of_ours;
    header.payload_bytes = static_cast<std::uint32_t>(header.payload_bytes % (room + 1));
    header.first_offset = offset;
    header.header_checksum = header.header_checksum_due(salt + at);
    const std::string_view payload{bytes.data() + at + sizeof header, header.payload_bytes};
    header.checksum = record_checksum(header, {&payload, 1}, salt + at);
    std::memcpy(bytes.data() + at, &header, sizeof header);
    at += record_size(header.payload_bytes);
    offset = header.end_offset();
  }
}

// Where the journal ends, having read all of it.
Offset read_to_end(const fs::path& directory) {
  const auto recovered = recover(directory);
  for (const auto& [segment, index] : recovered.segments) {
    SegmentReader reader{segment, segment->begin_position(), segment->first_offset(), index.end().position,
                         4096};
    while (reader.next()) {
      try {
        (void)reader.batch();
      } catch (const JournalError&) {
        // Not a batch behind its checksum: said so, and goes on.
      }
    }
    if (reader.position() != index.end().position) ::abort();
  }
  return recovered.segments.back().index.end().offset;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TempDirectory directory;
  if (size == 0) return 0;
  const auto help = data[0];
  std::string bytes{reinterpret_cast<const char*>(data + 1), size - 1};
  if ((help & 1) != 0) make_header_good(bytes);
  if ((help & 2) != 0) make_records_good(bytes);
  std::ofstream{directory.path / segment_name(1), std::ios::binary} << bytes;
  try {
    const auto end = read_to_end(directory.path);
    if (read_to_end(directory.path) != end) ::abort();  // what was cut once stays cut
  } catch (const JournalError&) {
    // Refused, with a reason.
  }
  return 0;
}
