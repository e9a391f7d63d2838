// What each operator of an event pattern says of a value.
#include "event/pattern_rule.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace reel::pattern {
namespace {

static_assert(std::numeric_limits<Number>::digits >= 64, "64-bit integers are compared exactly");

// The longest text form of an IPv6 address.
constexpr std::size_t address_bytes_max = 45;
// Of a long text, what a sentence may show is in its beginning.
constexpr std::size_t shown_text_bytes_max = 200;

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `lower` is folded already.
bool equals_folded(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return folded(a) == b; });
}

bool begins_folded(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && equals_folded(text.substr(0, lower.size()), lower);
}

bool ends_folded(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && equals_folded(text.substr(text.size() - lower.size()), lower);
}

// Size of the address in bytes, 4 or 16; 0 where the text is none.
std::size_t read_address(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  if (text.size() > address_bytes_max) return 0;
  char terminated[address_bytes_max + 1] = {};
  std::memcpy(terminated, text.data(), text.size());
  if (std::memchr(terminated, '\0', text.size()) != nullptr) return 0;
  if (inet_pton(AF_INET, terminated, bytes.data()) == 1) return 4;
  return inet_pton(AF_INET6, terminated, bytes.data()) == 1 ? 16 : 0;
}

std::string number_text(Number number) {
  char digits[64];
  const bool whole = number == std::trunc(number) && std::fabs(number) < 1.8446744073709551616e19L;
  const auto [end, error] =
      whole && number < 0 ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number))
      : whole             ? std::to_chars(digits, digits + sizeof digits, static_cast<std::uint64_t>(number))
                          : std::to_chars(digits, digits + sizeof digits, static_cast<double>(number));
  return {digits, end};
}

bool in_range(const Rule& rule, Number number) {
  if (rule.low && (rule.low_included ? !(number >= *rule.low) : !(number > *rule.low))) return false;
  return !rule.high || (rule.high_included ? number <= *rule.high : number < *rule.high);
}

}  // namespace

std::string Leaf::shown() const {
  if (text) return shown_json(std::string{text->substr(0, shown_text_bytes_max)});
  if (flag) return *flag ? "true" : "false";
  if (number) return number_text(*number);
  return "null";
}

std::optional<std::string> Wildcard::parse(std::string_view text, Wildcard& wildcard) {
  wildcard.pieces_.assign(1, {});
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '*') {
      if (i > 0 && text[i - 1] == '*' && wildcard.pieces_.back().empty())
        return "two '*' behind each other say no more than one";
      wildcard.pieces_.emplace_back();
    } else if (c == '\\') {
      if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\'))
        return R"(a backslash stands only before '*' or another backslash)";
      wildcard.pieces_.back() += text[++i];
    } else {
      wildcard.pieces_.back() += c;
    }
  }
  return std::nullopt;
}

// The leftmost place is the best one for each piece, so no step is ever taken back.
bool Wildcard::matches(std::string_view text) const {
  const auto& first = pieces_.front();
  if (pieces_.size() == 1) return text == first;
  const auto& last = pieces_.back();
  if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last))
    return false;
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const auto& piece = pieces_[i];
    // memmem takes time in proportion to both texts, whatever they are; string_view::find does not.
    const auto* const at =
        static_cast<const char*>(memmem(text.data(), text.size(), piece.data(), piece.size()));
    if (at == nullptr) return false;
    text.remove_prefix(static_cast<std::size_t>(at - text.data()) + piece.size());
  }
  return true;
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  Network network;
  network.size_ = read_address(text.substr(0, slash), network.bytes_);
  const auto bits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), network.bits_);
  if (network.size_ == 0 || error != std::errc{} || end != bits.data() + bits.size()) return std::nullopt;
  if (network.bits_ > network.size_ * 8) return std::nullopt;
  return network;
}

bool Network::contains(std::string_view text) const {
  std::array<std::uint8_t, 16> address{};
  if (read_address(text, address) != size_) return false;
  const auto whole = bits_ / 8;
  if (!std::equal(address.begin(), address.begin() + whole, bytes_.begin())) return false;
  const auto rest = bits_ % 8;
  return rest == 0 || ((address[whole] ^ bytes_[whole]) >> (8 - rest)) == 0;
}

bool Rule::matches(const Leaf& leaf) const {
  switch (op) {
    case Op::text: return leaf.text == text;
    case Op::number: return leaf.number == number;
    case Op::flag: return leaf.flag == flag;
    case Op::null: return leaf.null;
    case Op::prefix: return leaf.text && leaf.text->starts_with(text);
    case Op::prefix_ignore_case: return leaf.text && begins_folded(*leaf.text, text);
    case Op::suffix: return leaf.text && leaf.text->ends_with(text);
    case Op::suffix_ignore_case: return leaf.text && ends_folded(*leaf.text, text);
    case Op::equals_ignore_case: return leaf.text && equals_folded(*leaf.text, text);
    case Op::wildcard: return leaf.text && wildcard.matches(*leaf.text);
    case Op::numeric: return leaf.number && in_range(*this, *leaf.number);
    case Op::cidr: return leaf.text && network.contains(*leaf.text);
    case Op::exists: return true;
    case Op::absent: return false;
    case Op::anything_but:
      return std::none_of(but.begin(), but.end(), [&](const Rule& rule) { return rule.matches(leaf); });
  }
  return false;
}

}  // namespace reel::pattern
