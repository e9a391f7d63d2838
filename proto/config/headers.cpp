#include "config/headers.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "config/sections.h"
#include "event/media_type.h"

namespace reel::config {
namespace {

constexpr std::string_view variable_begin = "${";

// What is sent is Reel's to say: the form of the body, where it goes, and how the connection is used.
constexpr std::array<std::string_view, 8> own_headers{
    "connection", "content-length", "content-type", "host", "te", "transfer-encoding", "trailer", "upgrade"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

// RFC 9110, field value, without what only old servers send.
bool is_value_character(char c) {
  return c == '\t' || (c >= ' ' && c < '\x7f');
}

std::optional<std::string> check_sent(std::string_view value) {
  if (value.size() > header_value_bytes_max)
    return "has more than " + std::to_string(header_value_bytes_max) + " bytes";
  if (!std::all_of(value.begin(), value.end(), is_value_character))
    return "has a line end or another character than plain ASCII";
  return std::nullopt;
}

// A value in its pieces: calls `text` with what stands for itself and `variable` with the names in ${}.
// False where a ${ has no }, or what is between them is no name.
template <class Text, class Variable>
bool take_apart(std::string_view value, Text text, Variable variable) {
  while (true) {
    const auto begin = value.find(variable_begin);
    text(value.substr(0, begin));
    if (begin == value.npos) return true;
    value.remove_prefix(begin + variable_begin.size());
    const auto end = value.find('}');
    if (end == value.npos || !is_variable_name(value.substr(0, end))) return false;
    variable(value.substr(0, end));
    value.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::string> check_header_name(std::string_view name) {
  if (!is_http_token(name)) return "is no name of an HTTP header";
  if (name.size() > header_name_bytes_max)
    return "has more than " + std::to_string(header_name_bytes_max) + " bytes";
  const std::string plain = lower_case(name);
  const bool own = std::find(own_headers.begin(), own_headers.end(), plain) != own_headers.end();
  if (own || plain.starts_with("ce-")) return "is set by Reel itself";
  return std::nullopt;
}

std::optional<std::string> check_header_value(std::string_view value) {
  if (!take_apart(
          value, [](std::string_view) {}, [](std::string_view) {}))
    return "has a '${' that is not followed by the name of an environment variable and '}'";
  return check_sent(value);
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

HttpHeaders expanded(const Headers& headers, const Environment& environment) {
  HttpHeaders sent;
  for (const auto& [name, written] : headers) {
    std::string value;
    (void)take_apart(
        written, [&](std::string_view text) { value += text; },
        [&, &name = name](std::string_view variable) {
          const auto found = environment(std::string{variable});
          if (!found)
            throw std::runtime_error{"header '" + name + "' needs the environment variable " +
                                     std::string{variable} + ", which is not set"};
          value += *found;
        });
    if (const auto wrong = check_sent(value))
      throw std::runtime_error{"header '" + name + "' " + *wrong + " once its variables are replaced"};
    sent.emplace_back(name, std::move(value));
  }
  return sent;
}

void read_headers(Section& section, Headers& headers) {
  const auto value = section.find("headers");
  if (!value) return;
  auto body = value->section("as in headers: {Authorization: \"Bearer ${TOKEN}\"}");
  const auto named = body.named();
  if (named.size() > headers_max)
    return value->refuse("'" + shown(value->path()) + "' has more than " + std::to_string(headers_max) +
                         " headers");
  for (const auto& [name, item] : named) {
    if (const auto wrong = check_header_name(name)) item.refuse_key("header '" + shown(name) + "' " + *wrong);
    const auto text = item.text();
    if (!text) continue;
    if (const auto wrong = check_header_value(*text))
      item.refuse("'" + shown(item.path()) + "' " + *wrong);  // not what it is: it may be a secret
    headers[name] = *text;
  }
}

}  // namespace reel::config
