#include "rehearsal/json_object.h"

#include <array>

#include "event/event_json.h"
#include "event/utf8.h"

namespace reel::rehearsal {
namespace {

/// Bytes that stand for themselves inside a string. What is not ASCII was checked to be UTF-8 before.
constexpr std::array<bool, 256> is_plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < 256; ++byte) table[byte] = byte != '"' && byte != '\\';
  return table;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

unsigned hex_of(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void append_utf8(std::string& out, unsigned character) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    put(0xe0 | character >> 12);
    put(0x80 | (character >> 6 & 0x3f));
  } else {
    put(0xf0 | character >> 18);
    put(0x80 | (character >> 12 & 0x3f));
    put(0x80 | (character >> 6 & 0x3f));
  }
  put(0x80 | (character & 0x3f));
}

char escaped_character(char letter) {
  switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;  // a quote, a slash or a backslash
  }
}

}  // namespace

std::string_view unescaped(std::string_view written, std::string& storage) {
  if (written.find('\\') == std::string_view::npos) return written;
  storage.clear();
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '\\') {
      storage += written[i];
    } else if (written[++i] != 'u') {
      storage += escaped_character(written[i]);
    } else {
      unsigned character = hex_of(written.substr(i + 1, 4));
      i += 4;
      if (character >= 0xd800 && character < 0xdc00) {  // behind a high surrogate stands a low one
        character = 0x10000 + ((character - 0xd800) << 10) + (hex_of(written.substr(i + 3, 4)) - 0xdc00);
        i += 6;
      }
      append_utf8(storage, character);
    }
  }
  return storage;
}

JsonObject::JsonObject(std::string_view text) : begin_{text.data()}, at_{begin_}, end_{begin_ + text.size()} {
  if (!is_utf8(text)) error_ = "is not UTF-8";
}

std::optional<JsonMember> JsonObject::next() {
  if (!error_.empty() || !to_member()) return std::nullopt;
  JsonMember found;
  if (!key_and_colon(found.key)) return std::nullopt;
  const char* const begin = at_;
  if (!value(1)) return std::nullopt;
  found.value = {begin, static_cast<std::size_t>(at_ - begin)};
  return found;
}

// Over what stands before a member; false where none follows.
bool JsonObject::to_member() {
  blanks();
  const bool first = begin_of_object();
  if (!error_.empty()) return false;
  if (!at_end() && *at_ == '}') {
    ++at_;
    blanks();
    if (!at_end()) fail("expected the end");
    return false;
  }
  if (!first && !expect(',')) return false;
  blanks();
  return true;
}

// True once, behind the opening brace.
bool JsonObject::begin_of_object() {
  if (opened_) return false;
  opened_ = expect('{');
  blanks();
  return true;
}

// A key and its colon, up to the value.
bool JsonObject::key_and_colon(std::string_view& key) {
  const char* const key_begin = at_ + 1;
  if (at_end() || *at_ != '"') return fail("expected a key in quotes");
  if (!string()) return false;
  key = {key_begin, static_cast<std::size_t>(at_ - 1 - key_begin)};
  blanks();
  if (!expect(':')) return false;
  blanks();
  return true;
}

// `depth` is how many containers are around it.
bool JsonObject::value(int depth) {
  if (at_end()) return fail("expected a value");
  switch (*at_) {
    case '"': return string();
    case '{': return container('}', depth + 1);
    case '[': return container(']', depth + 1);
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: return number();
  }
}

bool JsonObject::container(char close, int depth) {
  if (depth > event_json_depth_max)
    return fail("nested deeper than " + std::to_string(event_json_depth_max) + " levels");
  ++at_;
  blanks();
  if (!at_end() && *at_ == close) return ++at_, true;
  for (;;) {
    std::string_view key;
    if (close == '}' && !key_and_colon(key)) return false;
    if (!value(depth)) return false;
    blanks();
    if (!at_end() && *at_ == close) return ++at_, true;
    if (!expect(',')) return false;
    blanks();
  }
}

bool JsonObject::string() {
  ++at_;
  for (;;) {
    while (!at_end() && is_plain[static_cast<unsigned char>(*at_)]) ++at_;
    if (at_end()) return fail("a string that does not end");
    if (*at_ == '"') return ++at_, true;
    if (*at_ != '\\') return fail("a control character in a string");
    if (!escape()) return false;
  }
}

bool JsonObject::escape() {
  ++at_;
  if (at_end()) return fail("a string that does not end");
  const char letter = *at_++;
  if (std::string_view{"\"\\/bfnrt"}.find(letter) != std::string_view::npos) return true;
  unsigned unit = 0;
  if (letter != 'u') return fail("an unknown escape");
  if (!hex4(unit)) return false;
  if (unit >= 0xdc00 && unit < 0xe000) return fail("half a character");
  return unit < 0xd800 || unit >= 0xe000 || low_surrogate();
}

bool JsonObject::low_surrogate() {
  unsigned unit = 0;
  if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return fail("half a character");
  at_ += 2;
  return hex4(unit) && ((unit >= 0xdc00 && unit < 0xe000) || fail("half a character"));
}

bool JsonObject::hex4(unsigned& unit) {
  if (end_ - at_ < 4) return fail("expected four hex digits");
  for (int i = 0; i < 4; ++i) {
    const char c = at_[i];
    if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) return fail("expected four hex digits");
  }
  unit = hex_of({at_, 4});
  at_ += 4;
  return true;
}

bool JsonObject::number() {
  if (*at_ == '-') ++at_;
  if (!at_end() && *at_ == '0') {
    ++at_;
  } else if (!digits()) {
    return false;
  }
  if (!at_end() && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at_end() || (*at_ | 0x20) != 'e') return true;
  ++at_;
  if (!at_end() && (*at_ == '+' || *at_ == '-')) ++at_;
  return digits();
}

bool JsonObject::digits() {
  if (at_end() || !is_digit(*at_)) return fail("expected a value");
  while (!at_end() && is_digit(*at_)) ++at_;
  return true;
}

bool JsonObject::word(std::string_view expected) {
  if (!std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.starts_with(expected))
    return fail("expected a value");
  at_ += expected.size();
  return true;
}

bool JsonObject::expect(char wanted) {
  if (at_end() || *at_ != wanted) return fail(std::string{"expected '"} + wanted + "'");
  ++at_;
  return true;
}

void JsonObject::blanks() {
  while (!at_end() && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
}

bool JsonObject::fail(std::string what) {
  error_ = "bad JSON at column " + std::to_string(at_ - begin_ + 1) + ": " + std::move(what);
  return false;
}

}  // namespace reel::rehearsal
