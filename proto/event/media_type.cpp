#include "event/media_type.h"

#include <algorithm>

namespace reel {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Where the parameter that `text` begins with ends: at a semicolon that is not in quotes.
std::size_t parameter_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ';' && !quoted) {
      return i;
    }
  }
  return text.size();
}

bool read_parameter(std::string_view text, MediaType& type) {
  const auto equals = text.find('=');
  if (equals == text.npos || !is_http_token(text.substr(0, equals))) return false;
  const auto written = text.substr(equals + 1);
  auto value = unquoted(written);
  if (!value || (!written.starts_with('"') && !is_http_token(written))) return false;
  return type.parameters.emplace(lower_case(text.substr(0, equals)), std::move(*value)).second;
}

}  // namespace

bool is_http_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != marks.npos;
  });
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<std::string> unquoted(std::string_view text) {
  if (!text.starts_with('"')) return std::string{text};
  std::string plain;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1 == text.size() ? std::optional{plain} : std::nullopt;
    if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
    plain.push_back(text[i]);
  }
  return std::nullopt;
}

bool MediaType::is_utf8() const {
  const auto charset = parameters.find("charset");
  if (charset == parameters.end()) return true;
  const auto said = lower_case(charset->second);
  return said == "utf-8" || said == "utf8" || said == "us-ascii";
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  auto end = std::min(text.find(';'), text.size());
  MediaType type{lower_case(trimmed(text.substr(0, end))), {}};
  const auto slash = std::min(type.name.find('/'), type.name.size());
  const std::string_view name = type.name;
  if (!is_http_token(name.substr(0, slash)) || !is_http_token(name.substr(std::min(name.size(), slash + 1))))
    return std::nullopt;
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = parameter_end(text);
    const auto parameter = trimmed(text.substr(0, end));
    if (!parameter.empty() && !read_parameter(parameter, type)) return std::nullopt;
  }
  return type;
}

}  // namespace reel
