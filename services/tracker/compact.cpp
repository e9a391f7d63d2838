#include "tracker/compact.h"

#include <array>
#include <bit>
#include <cstring>

namespace reel::tracker {
namespace {

constexpr std::size_t uuid_text = 36;
constexpr char apart = '\xff';  // is in no UTF-8

constexpr std::array<std::int8_t, 256> nibbles = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) table[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
  return table;
}();

// Where the 16 bytes stand in the text: behind these characters.
constexpr std::array<std::size_t, uuid_bytes> hex_places{0,  2,  4,  6,  9,  11, 14, 16,
                                                         19, 21, 24, 26, 28, 30, 32, 34};

bool pack_uuid(std::string_view text, char* out) {
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  int all = 0;
  for (std::size_t i = 0; i < uuid_bytes; ++i) {
    const int high = nibbles[static_cast<unsigned char>(text[hex_places[i]])];
    const int low = nibbles[static_cast<unsigned char>(text[hex_places[i] + 1])];
    all |= high | low;
    out[i] = static_cast<char>(static_cast<unsigned>(high) << 4 | static_cast<unsigned>(low));
  }
  return all >= 0;
}

// A varint of up to eight bytes as one word: seven bits of the number in each, the lowest first.
constexpr std::uint64_t word_numbers_end = std::uint64_t{1} << 56;
constexpr std::uint64_t highest_bits = 0x8080'8080'8080'8080;

// Moved in three steps: halves of 28 bits apart, then quarters of 14, then eighths of 7.
constexpr std::uint64_t spread(std::uint64_t value) {
  value = (value & 0x0000'0000'0fff'ffff) | (value & 0x00ff'ffff'f000'0000) << 4;
  value = (value & 0x0000'3fff'0000'3fff) | (value & 0x0fff'c000'0fff'c000) << 2;
  return (value & 0x007f'007f'007f'007f) | (value & 0x3f80'3f80'3f80'3f80) << 1;
}
constexpr std::uint64_t joined(std::uint64_t word) {
  word = (word & 0x007f'007f'007f'007f) | (word & 0x7f00'7f00'7f00'7f00) >> 1;
  word = (word & 0x0000'3fff'0000'3fff) | (word & 0x3fff'0000'3fff'0000) >> 2;
  return (word & 0x0000'0000'0fff'ffff) | (word & 0x0fff'ffff'0000'0000) >> 4;
}
static_assert(joined(spread(word_numbers_end - 1)) == word_numbers_end - 1);

// The bytes of a word up to the one in which this bit stands.
constexpr std::uint64_t upto(int bit) {
  return ~std::uint64_t{0} >> (63 - (bit | 7));
}

}  // namespace

void append_id(std::string& out, std::string_view text) {
  if (text.size() == uuid_text) {
    char packed[1 + uuid_bytes] = {static_cast<char>(uuid_id)};
    if (pack_uuid(text, packed + 1)) {
      out.append(packed, sizeof packed);
      return;
    }
  }
  append_varint(out, text.empty() ? empty_id : text.size() + 1);
  out.append(text);
}

std::string packed_id(std::string_view text) {
  std::string out;
  append_id(out, text);
  return out;
}

std::string set_apart(std::string_view packed) {
  return packed_id(apart + text_of(packed));
}

bool is_set_apart(std::string_view packed) {
  Reader reader{packed};
  return reader.varint() != uuid_id && reader.rest().starts_with(apart);
}

std::string text_of(std::string_view packed) {
  Reader reader{packed};
  const std::uint64_t kind = reader.varint();
  const std::string_view rest = reader.rest();
  if (kind != uuid_id) return std::string{rest.substr(rest.starts_with(apart) ? 1 : 0)};
  const std::string_view bytes = reader.rest();
  if (bytes.size() < uuid_bytes) throw RecordError{"a stored id is cut short"};
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(uuid_text, '-');
  for (std::size_t i = 0; i < uuid_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text[hex_places[i]] = digits[byte >> 4];
    text[hex_places[i] + 1] = digits[byte & 15];
  }
  return text;
}

void Writer::long_varint(std::uint64_t value) {
  if (value < word_numbers_end) {
    const std::uint64_t word = spread(value);
    const int last =
        static_cast<int>(std::bit_width(word)) - 1;  // stands in the last byte, which is not marked
    const std::uint64_t marked = word | (highest_bits & (upto(last) >> 8));
    std::memcpy(at_, &marked, sizeof marked);
    at_ += last / 8 + 1;
    return;
  }
  for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
  *at_++ = static_cast<char>(value);
}

std::uint64_t Reader::long_varint() {
  if (end_ - at_ >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at_, sizeof word);
    if (const std::uint64_t ends = ~word & highest_bits; ends != 0) {
      const int last = std::countr_zero(ends);
      at_ += last / 8 + 1;
      return joined(word & ~highest_bits & upto(last));
    }
  }
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at_++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail();
}

void Reader::fail() {
  throw RecordError{"a stored record is cut short or damaged"};
}

}  // namespace reel::tracker
