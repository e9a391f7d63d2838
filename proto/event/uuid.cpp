#include "event/uuid.h"

#include <xxhash.h>

#include <array>
#include <cstring>
#include <random>

namespace reel {
namespace {

// The two digits of each byte.
constexpr auto digits_of_byte = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {digits[byte >> 4], digits[byte & 0xf]};
  return pairs;
}();

std::string text(std::uint64_t high, std::uint64_t low) {
  std::string out(uuid_text_bytes, '-');
  char* at = out.data();
  const auto put = [&at](std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i, at += 2)
      std::memcpy(at, digits_of_byte[(value >> (8 * i)) & 0xff].data(), 2);
    ++at;  // the dash
  };
  put(high >> 32, 4);
  put(high >> 16, 2);
  put(high, 2);
  put(low >> 48, 2);
  put(low, 6);
  return out;
}

std::uint64_t with_version(std::uint64_t high, std::uint64_t version) {
  return (high & ~std::uint64_t{0xf000}) | (version << 12);
}

std::uint64_t with_variant(std::uint64_t low) {
  return (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
}

std::mt19937_64& generator() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::array<std::uint32_t, 8> seed{};
    for (auto& word : seed) word = device();
    std::seed_seq sequence(seed.begin(), seed.end());
    return std::mt19937_64{sequence};
  }();
  return engine;
}

}  // namespace

Hash128 hash_128(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const auto part : parts) {
    const std::uint64_t size = part.size();
    for (int i = 0; i < 8; ++i) joined.push_back(static_cast<char>((size >> (8 * i)) & 0xff));
    joined.append(part);
  }
  const auto hash = XXH3_128bits(joined.data(), joined.size());
  return {hash.high64, hash.low64};
}

std::string uuid_v7(std::uint64_t unix_ns) {
  // 12 bits behind the milliseconds count the ids of one millisecond (RFC 9562, method 1).
  thread_local std::uint64_t last_ms = 0;
  thread_local std::uint64_t count = 0;
  const std::uint64_t ms = unix_ns / 1'000'000;
  if (ms > last_ms) {
    last_ms = ms;
    count = generator()() & 0x3ff;
  } else if (++count > 0xfff) {
    ++last_ms;
    count = 0;
  }
  return text(with_version((last_ms << 16) | count, 7), with_variant(generator()()));
}

std::optional<std::uint64_t> time_of_uuid_v7(std::string_view text) {
  if (text.size() != uuid_text_bytes || text[14] != '7') return std::nullopt;
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const char digit = text[i];
    const bool letter = (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
    if (!letter && (digit < '0' || digit > '9')) return std::nullopt;
    if (i < 13) ms = ms * 16 + static_cast<std::uint64_t>(letter ? (digit | 0x20) - 'a' + 10 : digit - '0');
  }
  return ms * 1'000'000;
}

std::string uuid_v8(const Hash128& hash) {
  return text(with_version(hash.high, 8), with_variant(hash.low));
}

std::uint64_t random_nonzero() {
  std::random_device device;
  std::uint64_t value = 0;
  while (value == 0) value = (std::uint64_t{device()} << 32) | device();
  return value;
}

}  // namespace reel
