// The bytes of a segment are those docs/journal.md shows. Change this test and you change the format.
#include "journal/segment.h"

#include <doctest/doctest.h>

#include <cstring>

#include "journal_bench.h"

using namespace reel::broker;

namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4];
    text += digits[byte & 15];
    if (i % 4 == 3 && i + 1 < bytes.size()) text += ' ';
  }
  return text;
}

}  // namespace

TEST_CASE("a segment's name holds its first offset, and sorts by it") {
  CHECK(segment_name(1) == "00000000000000000001.journal");
  CHECK(segment_name(18'446'744'073'709'551'615u) == "18446744073709551615.journal");
  CHECK(segment_offset("00000000000000001042.journal") == 1042);
  CHECK_FALSE(segment_offset("1042.journal"));
  CHECK_FALSE(segment_offset("0000000000000000x042.journal"));
  CHECK_FALSE(segment_offset("99999999999999999999.journal"));
  CHECK_FALSE(segment_offset("00000000000000001042.index"));
}

TEST_CASE("the headers of a new segment and its first record are these bytes") {
  SegmentHeader header;
  header.first_offset = 1;
  header.salt = 0x1122334455667788;
  header.checksum = header.checksum_due();
  CHECK(hex({reinterpret_cast<const char*>(&header), sizeof header}) ==
        "5245454c 4a524e4c 01000000 40000000 01000000 00000000 00000000 00000000 "
        "88776655 44332211 00000000 00000000 00000000 00000000 a18cf706 13310e9b");

  const auto batch = batch_of("hello", 1, 1'700'000'000'000'000'000);
  RecordHeader record;
  record.payload_bytes = static_cast<std::uint32_t>(batch->bytes());
  record.first_offset = 1;
  record.log_time = batch->log_time;
  record.producer = 0xfeed;
  record.sequence = 1;
  record.synced_position = 64;
  record.count = 1;
  const auto seed = header.salt + 64;
  record.header_checksum = record.header_checksum_due(seed);
  record.checksum = record_checksum(record, batch->pieces, seed);
  CHECK(hex({reinterpret_cast<const char*>(&record), sizeof record}) ==
        "cdb44b3c 809cf97d 52454231 33000000 01000000 00000000 00002a36 fe9c9717 "
        "edfe0000 00000000 01000000 00000000 40000000 00000000 01000000 efbf112a");
  CHECK(hex(batch->pieces[0]) ==
        "0aad8080 80000a06 74657374 2f311209 776f7264 2e736169 641a0974 6573742e 576f7264 2a0d0a01 69120163 "
        "7a056865 "
        "6c6c6f");
  CHECK(record_size(record.payload_bytes) == 120);
}

TEST_CASE("a checksum holds at one place of one segment only") {
  RecordHeader record;
  record.count = 1;
  record.header_checksum = record.header_checksum_due(1000);
  CHECK(record.written_here(1000));
  CHECK_FALSE(record.written_here(1008));
}

TEST_CASE("the pieces of a payload do not show in its checksum") {
  const RecordHeader header;
  const std::string_view whole[] = {"abcdef"};
  const std::string_view parts[] = {"ab", "", "cdef"};
  CHECK(record_checksum(header, whole, 5) == record_checksum(header, parts, 5));
}
