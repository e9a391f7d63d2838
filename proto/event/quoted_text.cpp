#include "event/quoted_text.h"

#include <algorithm>

#include "event/utf8.h"

namespace reel {
namespace {

// C0, DEL and C1 controls could drive the terminal that shows the sentence.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

void escape(std::string& out, std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

}  // namespace

std::string in_quotes(std::string_view text, std::size_t bytes_max) {
  std::string out = "'";
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = character_bytes(text.substr(at));
    const auto character = text.substr(at, size == 0 ? 1 : size);
    if (at + character.size() > bytes_max) {
      out += "…";
      break;
    }
    if (size == 0 || is_control(character)) {
      escape(out, character);
    } else {
      if (character == "'" || character == "\\") out += '\\';
      out += character;
    }
    at += character.size();
  }
  return out + "'";
}

std::string as_name(std::string_view text) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  const bool plain =
      !text.empty() && text.size() <= quoted_bytes_max && std::all_of(text.begin(), text.end(), in_name);
  return plain ? std::string{text} : in_quotes(text);
}

std::string shell_word(std::string_view text) {
  const auto harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._-/:@%+,"}.find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), harmless)) return std::string{text};
  std::string word = "'";
  for (const char c : text) c == '\'' ? word.append("'\\''") : word.append(1, c);
  return word + "'";
}

std::string last_shell_word(std::string_view text) {
  return (text.starts_with('-') ? "-- " : "") + shell_word(text);
}

}  // namespace reel
