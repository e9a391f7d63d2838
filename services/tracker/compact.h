// How the tracker writes numbers and ids in few bytes: the alphabet of flow records.
//
//   append_varint(out, 300);                     Reader r{bytes}; r.varint() == 300
//   append_id(out, "0190…-…");                   r.id() == the bytes as packed;  text_of(packed) == the text
//
// A varint is protobuf's. An id is packed: canonical UUID text (lower case, 36 characters) as 17 bytes,
// anything else as its length and its text. Packing is one to one, so packed ids are compared as bytes.
// A Reader never reads outside its bytes; past the end, or at something impossible, it throws RecordError,
// which means that our own store is damaged.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace reel::tracker {

/// A stored record cannot be read. The store checks its sums, so this is damage or a newer release's record.
struct RecordError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the first varint of a packed id says: 0 empty, 1 a UUID, n a text of n - 1 bytes.
inline constexpr std::uint64_t empty_id = 0;
inline constexpr std::uint64_t uuid_id = 1;
inline constexpr std::size_t uuid_bytes = 16;

inline constexpr std::size_t varint_bytes_max = 10;

/// Writes where there is room: for who knows beforehand how much it can be at most, each varint counted as
/// varint_bytes_max.
class Writer {
 public:
  explicit Writer(char* at) : at_{at} {}

  void varint(std::uint64_t value) {
    if (value >= 0x80) return long_varint(value);
    *at_++ = static_cast<char>(value);
  }
  void byte(std::uint8_t value) { *at_++ = static_cast<char>(value); }
  void bytes(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
  void long_varint(std::uint64_t value);

  char* at_;
};

inline void append_varint(std::string& out, std::uint64_t value) {
  char bytes[varint_bytes_max];
  Writer writer{bytes};
  writer.varint(value);
  out.append(bytes, static_cast<std::size_t>(writer.at() - bytes));
}

/// Small for small numbers of either sign.
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

void append_id(std::string& out, std::string_view text);
[[nodiscard]] std::string packed_id(std::string_view text);
/// Another key for the same text: of two flows with one correlation id the second is kept under it. No id is
/// packed so, since ids are UTF-8.
[[nodiscard]] std::string set_apart(std::string_view packed);
[[nodiscard]] bool is_set_apart(std::string_view packed);
/// The text of one packed id, set apart or not. Throws RecordError where the bytes are not one.
[[nodiscard]] std::string text_of(std::string_view packed);

class Reader {
 public:
  explicit Reader(std::string_view bytes) : begin_{bytes.data()}, at_{begin_}, end_{begin_ + bytes.size()} {}

  std::uint64_t varint() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) return static_cast<unsigned char>(*at_++);
    return long_varint();
  }
  /// A varint that must fit.
  std::uint32_t small() {
    const std::uint64_t value = varint();
    if (value > 0xffff'ffffu) fail();
    return static_cast<std::uint32_t>(value);
  }
  std::uint8_t byte() {
    if (at_ == end_) fail();
    return static_cast<std::uint8_t>(*at_++);
  }
  void skip_varint() {
    while (at_ != end_ && static_cast<unsigned char>(*at_) >= 0x80) ++at_;
    if (at_ == end_) fail();
    ++at_;
  }
  /// So many, eight bytes at a time: a varint ends where the highest bit is not set.
  void skip_varints(unsigned count) {
    static_assert(std::endian::native == std::endian::little);
    while (count != 0 && end_ - at_ >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at_, sizeof word);
      std::uint64_t ends = ~word & 0x8080'8080'8080'8080;
      for (; ends != 0 && count != 1; ends &= ends - 1) --count;
      if (ends != 0) {
        at_ += std::countr_zero(ends) / 8 + 1;
        return;
      }
      at_ += 8;
    }
    for (; count != 0; --count) skip_varint();
  }
  /// One packed id, as packed.
  std::string_view id() {
    const char* start = at_;
    const std::uint64_t kind = varint();
    const std::uint64_t size = kind == empty_id ? 0 : kind == uuid_id ? uuid_bytes : kind - 1;
    if (size > static_cast<std::uint64_t>(end_ - at_)) fail();
    at_ += size;
    return {start, static_cast<std::size_t>(at_ - start)};
  }
  std::string_view bytes(std::size_t count) {
    if (count > static_cast<std::size_t>(end_ - at_)) fail();
    return {std::exchange(at_, at_ + count), count};
  }
  [[nodiscard]] std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  std::uint64_t long_varint();
  [[noreturn]] static void fail();

  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace reel::tracker
