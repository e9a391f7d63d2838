#include "event/strict_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "event/quoted_text.h"

namespace reel {
namespace {

std::optional<std::string> beyond_limits(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_max) {
    return "the JSON text is " + std::to_string(text.size()) + " bytes long, at most " +
           std::to_string(limits.bytes_max) + " are allowed";
  }
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits.depth_max)
        return "the JSON text is nested deeper than " + std::to_string(limits.depth_max) + " levels";
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::nullopt;
}

// nlohmann's message, reduced to what a person needs, with the place.
std::string syntax_error(std::string_view text, const nlohmann::detail::parse_error& error) {
  const auto end = std::min(text.size(), error.byte == 0 ? 0 : error.byte - 1);
  const auto before = text.substr(0, end);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  std::string what = error.what();
  if (const auto at = what.find(" - "); at != std::string::npos) what.erase(0, at + 3);
  what.resize(std::min(what.find("; last read"), what.size()));
  return "bad JSON at line " + std::to_string(line) + ", column " + std::to_string(end - line_begin + 1) +
         ": " + what;
}

template <typename Json>
std::optional<std::string> read(std::string_view text, JsonLimits limits, Json& value) {
  if (auto wrong = beyond_limits(text, limits)) return wrong;
  std::vector<std::set<std::string>> keys;
  std::string twice;
  bool repeated = false;
  const auto watch = [&](int, typename Json::parse_event_t event, Json& part) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event != Json::parse_event_t::key) return true;
    auto key = part.template get<std::string>();
    if (keys.back().insert(key).second) return true;
    twice = std::move(key);
    repeated = true;
    return true;
  };
  try {
    value = Json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::detail::parse_error& error) {
    return syntax_error(text, error);
  } catch (const nlohmann::detail::exception&) {  // a number beyond every range
    return "bad JSON: a number is out of range";
  }
  if (repeated) return "the key " + in_quotes(twice) + " stands twice in one object";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_strict_json(std::string_view text, JsonLimits limits, nlohmann::json& value) {
  return read(text, limits, value);
}

std::optional<std::string> read_strict_json(std::string_view text, JsonLimits limits,
                                            nlohmann::ordered_json& value) {
  return read(text, limits, value);
}

}  // namespace reel
