#include "journal/segment.h"

#include <xxhash.h>

#include <cassert>
#include <charconv>
#include <cstring>

namespace reel::broker {

namespace {

constexpr std::string_view segment_suffix = ".journal";
constexpr std::size_t offset_digits = 20;  // of the largest offset: names sort as offsets do

// One per thread instead of one per record: it is 576 bytes.
XXH3_state_t& hash_state() {
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  thread_local const std::unique_ptr<XXH3_state_t, Free> state{XXH3_createState()};
  return *state;
}

constexpr std::size_t hashed_header_from = offsetof(RecordHeader, magic);
constexpr std::size_t header_checksum_at = offsetof(RecordHeader, header_checksum);

const char* bytes_of(const RecordHeader& header) {
  return reinterpret_cast<const char*>(&header);
}

}  // namespace

std::uint64_t SegmentHeader::checksum_due() const {
  return XXH3_64bits(this, offsetof(SegmentHeader, checksum));
}

std::uint32_t RecordHeader::header_checksum_due(std::uint64_t seed) const {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(bytes_of(*this) + hashed_header_from,
                                                         header_checksum_at - hashed_header_from, seed));
}

std::uint64_t record_checksum(const RecordHeader& header, std::span<const std::string_view> payload,
                              std::uint64_t seed) {
  auto& state = hash_state();
  XXH3_64bits_reset_withSeed(&state, seed);
  XXH3_64bits_update(&state, bytes_of(header) + hashed_header_from, sizeof header - hashed_header_from);
  for (const auto piece : payload) XXH3_64bits_update(&state, piece.data(), piece.size());
  return XXH3_64bits_digest(&state);
}

std::shared_ptr<const Segment> Segment::open(const std::filesystem::path& path) {
  const auto named_offset = segment_offset(path.filename().native());
  assert(named_offset && "only segments are opened as such");
  auto file = File::open(path, File::Mode::read);
  const auto refuse = [&path](const std::string& what) -> JournalError {
    return JournalError{path.string() + ": " + what};
  };
  SegmentHeader header;
  char bytes[sizeof header];
  if (file.read(bytes, 0) < sizeof bytes) {
    throw refuse("too short to be a segment of a journal; restore it from a copy");
  }
  std::memcpy(&header, bytes, sizeof header);
  if (header.magic != SegmentHeader::magic_of_ours) {
    throw refuse(
        "no segment of a journal; restore it from a copy, or move it away if it does not belong here");
  }
  if (header.version != SegmentHeader::version_of_ours) {
    throw refuse("written in version " + std::to_string(header.version) +
                 " of the format, this broker reads " + std::to_string(SegmentHeader::version_of_ours) +
                 "; start the Reel that wrote it");
  }
  if (header.checksum != header.checksum_due() || header.header_bytes != sizeof header) {
    throw refuse("its header is damaged; restore it from a copy");
  }
  if (header.first_offset != *named_offset) {
    throw refuse("begins with offset " + std::to_string(header.first_offset) +
                 ", not with the one in its name; give it its name " + segment_name(header.first_offset) +
                 " back");
  }
  return std::make_shared<const Segment>(std::move(file), header);
}

std::string Segment::place(std::uint64_t position) const {
  return path().string() + ", byte " + std::to_string(position);
}

std::string segment_name(Offset first_offset) {
  auto digits = std::to_string(first_offset);
  digits.insert(0, offset_digits - digits.size(), '0');
  return digits.append(segment_suffix);
}

std::optional<Offset> segment_offset(std::string_view name) {
  if (name.size() != offset_digits + segment_suffix.size() || !name.ends_with(segment_suffix)) {
    return std::nullopt;
  }
  Offset offset = 0;
  const auto* const end = name.data() + offset_digits;
  const auto [at, error] = std::from_chars(name.data(), end, offset);
  if (error != std::errc{} || at != end) return std::nullopt;
  return offset;
}

}  // namespace reel::broker
