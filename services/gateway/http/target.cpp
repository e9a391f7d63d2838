#include "gateway/http/target.h"

#include <algorithm>

#include "event/utf8.h"

namespace reel::gateway {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_plain(std::string_view text) {
  const bool controls =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return !controls && is_utf8(text);
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

// In a query a plus is a space, as forms and every client library write it.
std::optional<std::string> query_text(std::string_view text) {
  std::string spaced{text};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  auto decoded = percent_decoded(spaced);
  if (!decoded || !is_plain(*decoded)) return std::nullopt;
  return decoded;
}

bool read_query(std::string_view text, Target& target) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = query_text(pair.substr(0, equals));
    auto value = query_text(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name || !value || target.query.size() == parameters_max) return false;
    target.query.emplace(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::optional<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  const auto question = std::min(text.find('?'), text.size());
  const auto path = text.substr(0, question);
  const auto decoded = percent_decoded(path);
  if (!decoded || !is_plain(*decoded) || climbs(*decoded)) return std::nullopt;
  Target target{std::string{path}, {}};
  if (!read_query(text.substr(std::min(text.size(), question + 1)), target)) return std::nullopt;
  return target;
}

}  // namespace reel::gateway
