#include "event/utf8.h"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace reel {
namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080u;

inline const char* skip_ascii(const char* at, const char* end) {
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    if ((word & high_bits) != 0) break;
    at += 8;
  }
  while (at < end && static_cast<unsigned char>(*at) < 0x80) ++at;
  return at;
}

inline bool continues(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// How long the sequence is that begins here and is not ASCII; 0: not well-formed (Unicode table 3-7).
inline int sequence_bytes(const char* at, const char* end) {
  const auto byte = [at](int i) { return static_cast<unsigned char>(at[i]); };
  const auto left = end - at;
  const auto first = byte(0);
  if (first < 0xc2) return 0;
  if (first < 0xe0) return left >= 2 && continues(byte(1)) ? 2 : 0;
  if (first < 0xf0) {
    if (left < 3 || !continues(byte(1)) || !continues(byte(2))) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;  // a longer form than needed
    if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogates
    return 3;
  }
  if (first > 0xf4 || left < 4 || !continues(byte(1)) || !continues(byte(2)) || !continues(byte(3))) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return 4;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while ((at = skip_ascii(at, end)) < end) {
    const int length = sequence_bytes(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::size_t character_bytes(std::string_view bytes) {
  assert(!bytes.empty());
  if (static_cast<unsigned char>(bytes.front()) < 0x80) return 1;
  return static_cast<std::size_t>(sequence_bytes(bytes.data(), bytes.data() + bytes.size()));
}

std::string_view beginning_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && continues(static_cast<unsigned char>(text[bytes_max]))) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace reel
