#include "story/error_group.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "event/rfc3339.h"

namespace reel::story {
namespace {

/// From so many digits on, a word of hexadecimal digits with letters among them is a number and no word.
constexpr std::size_t hex_digits_min = 8;
/// From so many on, a mixture of letters and digits is an id: ULIDs have 26, most tokens more than 20.
constexpr std::size_t id_characters_min = 20;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}
bool is_word(char byte) {
  return is_digit(byte) || is_letter(byte);
}
bool is_hex(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}
bool is_blank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

template <class Is>
std::size_t run_of(std::string_view text, Is is) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin());
}

/// 36 if `text` begins with a UUID, or 0.
std::size_t uuid_bytes(std::string_view text) {
  constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() < shape.size()) return 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '-' ? text[i] != '-' : !is_hex(text[i])) return 0;
  }
  return shape.size();
}

/// "12", "1.5", "10.0.0.1:5555", "1,000": as many bytes as are one number.
std::size_t number_bytes(std::string_view text) {
  std::size_t bytes = run_of(text, is_digit);
  while (bytes + 1 < text.size() && std::string_view{".,:"}.find(text[bytes]) != std::string_view::npos &&
         is_digit(text[bytes + 1])) {
    bytes += 1 + run_of(text.substr(bytes + 1), is_digit);
  }
  return bytes;
}

/// Bytes of a quoted part with its quotes, or 0. An apostrophe inside a word is none of them.
std::size_t quoted_bytes(std::string_view text) {
  for (std::size_t end = text.find(text.front(), 1); end != std::string_view::npos;
       end = text.find(text.front(), end + 1)) {
    if (end + 1 == text.size() || !is_word(text[end + 1])) return end + 1;
  }
  return 0;
}

/// A word: an id, a number in hexadecimal, or letters that stay with digits that do not.
struct Word {
  std::size_t bytes = 0;
  std::string text;
};

Word read_word(std::string_view text) {
  if (const auto bytes = uuid_bytes(text); bytes > 0) return {bytes, "<uuid>"};
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && is_hex(text[2]))
    return {2 + run_of(text.substr(2), is_hex), "<hex>"};
  const std::string_view word = text.substr(0, run_of(text, is_word));
  const bool mixed =
      std::any_of(word.begin(), word.end(), is_digit) && std::any_of(word.begin(), word.end(), is_letter);
  if (mixed && word.size() >= hex_digits_min && std::all_of(word.begin(), word.end(), is_hex))
    return {word.size(), "<hex>"};
  if (mixed && word.size() >= id_characters_min) return {word.size(), "<id>"};
  if (is_digit(word.front())) return {number_bytes(text), "<n>"};
  const std::size_t size = run_of(word, is_letter);
  return {size, std::string{word.substr(0, size)}};
}

}  // namespace

std::string normal_error(std::string_view error) {
  std::string out;
  char before = ' ';
  while (!error.empty()) {
    const char byte = error.front();
    std::size_t bytes = 1;
    if (is_blank(byte)) {
      bytes = run_of(error, is_blank);
      if (!out.empty() && bytes < error.size()) out += ' ';
    } else if ((byte == '\'' || byte == '"' || byte == '`') && !is_word(before) && quoted_bytes(error) > 0) {
      bytes = quoted_bytes(error);
      out += "<text>";
    } else if (is_word(byte)) {
      Word word = read_word(error);
      bytes = word.bytes;
      out += word.text;
    } else {
      out += byte;
    }
    before = error[bytes - 1];
    error.remove_prefix(bytes);
  }
  return out;
}

std::string error_text(const v1::Failure& failure) {
  if (failure.error_type().empty()) return failure.error();
  return failure.error_type() + (failure.error().empty() ? "" : ": " + failure.error());
}

std::uint64_t stands_at(const v1::Failure& failure) {
  return failure.origin() != 0 ? failure.origin() : failure.offset();
}

std::string group_of(const v1::Failure& failure) {
  v1::Failure normal;
  normal.set_error_type(failure.error_type());
  normal.set_error(normal_error(failure.error()));
  return error_text(normal);
}

// FNV-1a, folded: nobody attacks it, and thousands of groups are far from a clash.
std::string group_id(std::string_view group) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : group) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
}

Json group_json(const ErrorGroup& group) {
  return {{"service", group.service},
          {"group", group_id(group.error)},
          {"error", group.error},
          {"count", group.count},
          {"first_failed_at", rfc3339(group.first_failed_at)},
          {"last_failed_at", rfc3339(group.last_failed_at)},
          {"example", group.example}};
}

void ErrorGroups::add(const v1::DeadReply::Letter& letter) {
  std::string error = group_of(letter.failure());
  ErrorGroup& group = groups_[{letter.service(), error}];
  group.service = letter.service();
  group.error = std::move(error);
  const std::uint64_t first = letter.failure().first_failed_at();
  if (group.count++ == 0 || first < group.first_failed_at) group.first_failed_at = first;
  if (letter.failed_at() < group.last_failed_at) return;
  group.last_failed_at = letter.failed_at();
  group.example = stands_at(letter.failure());
}

std::vector<ErrorGroup> ErrorGroups::by_size() const {
  std::vector<ErrorGroup> groups;
  for (const auto& [key, group] : groups_) groups.push_back(group);
  std::stable_sort(groups.begin(), groups.end(),
                   [](const ErrorGroup& a, const ErrorGroup& b) { return a.count > b.count; });
  return groups;
}

}  // namespace reel::story
