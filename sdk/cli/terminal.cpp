#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace reel::cli {
namespace {

const char* code_of(Ink ink) {
  switch (ink) {
    case Ink::plain: return "0";
    case Ink::bold: return "1";
    case Ink::dim: return "2";
    case Ink::red: return "31";
    case Ink::green: return "32";
    case Ink::yellow: return "33";
    case Ink::blue: return "34";
    case Ink::magenta: return "35";
    case Ink::cyan: return "36";
  }
  return "0";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// One character of UTF-8 text: its code point and how many bytes it takes. `bytes` is 0 where they are none.
struct Character {
  char32_t point = 0;
  std::size_t bytes = 0;
};

Character read_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (lead >= 0xf5 || size == 0 || text.size() < size) return {};
  char32_t point = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = (point << 6) | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (overlong || surrogate || point > 0x10ffff) return {};
  return {point, size};
}

bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/// Marks that change the reading direction or end the line: they can make text read as what it is not.
bool is_steering(char32_t point) {
  return (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[(value >> (4 * i)) & 0xf];
}

void append_spelled_out(std::string& out, char32_t point) {
  switch (point) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += point < 0x80 ? "\\x" : "\\u";
  append_hex(out, static_cast<std::uint32_t>(point), point < 0x80 ? 2 : 4);
}

}  // namespace

Terminal Terminal::of(int descriptor) {
  if (isatty(descriptor) == 0) return none();
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view{term} == "dumb";
  return {true, !dumb && !is_set("NO_COLOR"), known ? size.ws_col : std::size_t{0}};
}

std::string Terminal::paint(Ink ink, std::string_view text) const {
  if (!colours_ || ink == Ink::plain || text.empty()) return std::string{text};
  std::string out = "\x1b[";
  out.append(code_of(ink)).append("m").append(text).append("\x1b[0m");
  return out;
}

std::string shown(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = read_character(text);
    if (character.bytes == 0) {
      out += "\\x";
      append_hex(out, static_cast<std::uint8_t>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (is_control(character.point) || is_steering(character.point)) {
      append_spelled_out(out, character.point);
    } else {
      out.append(text.substr(0, character.bytes));
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) columns += (static_cast<std::uint8_t>(byte) & 0xc0) != 0x80;
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns_max) {
  if (columns_max == 0 || columns_of(text) <= columns_max) return std::string{text};
  std::size_t bytes = 0;
  for (std::size_t columns = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<std::uint8_t>(text[bytes]) & 0xc0) != 0x80;
    if (begins && columns++ == columns_max - 1) break;
  }
  return std::string{text.substr(0, bytes)} + "…";
}

}  // namespace reel::cli
