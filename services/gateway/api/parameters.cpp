#include "gateway/api/parameters.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/units.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/utf8.h"

namespace reel::gateway {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string list_text(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string allowed_text(const std::vector<Parameter>& parameters) {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : parameters) {
    if (!parameter.in_path) names.push_back(parameter.name);
  }
  return names.empty() ? "none is taken here" : "known are " + list_text(names);
}

}  // namespace

std::string Arguments::text(std::string_view name) const {
  const auto found = texts_.find(name);
  return found == texts_.end() ? "" : found->second;
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  std::vector<std::string> all;
  const auto [begin, end] = texts_.equal_range(name);
  for (auto it = begin; it != end; ++it) all.push_back(it->second);
  return all;
}

std::uint64_t Arguments::number(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? 0 : found->second;
}

class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<Parameter>& parameters) : parameters_{parameters} {
    for (const Parameter& parameter : parameters)
      read_.arguments.numbers_.emplace(parameter.name, parameter.otherwise);
  }

  /// False: the problem is said.
  bool take(const std::string& name, const std::string& value, bool in_path) {
    const auto parameter = std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& each) {
      return each.name == name && each.in_path == in_path;
    });
    if (parameter == parameters_.end()) {
      std::vector<std::string_view> names;
      for (const Parameter& each : parameters_) names.push_back(each.name);
      const std::string meant = did_you_mean(name, names);
      return fail("unknown parameter " + in_quotes(name) +
                  (meant.empty() ? "; " + allowed_text(parameters_) : meant));
    }
    if (!is_utf8(value)) return fail(fmt::format("{}: {} is not UTF-8", name, in_quotes(value)));
    if (!parameter->repeats && read_.arguments.texts_.contains(name))
      return fail(fmt::format("{}: given twice", name));
    if (const std::string wrong = check(*parameter, value); !wrong.empty())
      return fail(fmt::format("{}: {} is not {}", name, in_quotes(value), wrong));
    read_.arguments.texts_.emplace(name, value);
    return true;
  }

  bool check_required() {
    for (const Parameter& parameter : parameters_) {
      if (parameter.required && !read_.arguments.texts_.contains(parameter.name))
        return fail(fmt::format("{}: must be given", parameter.name));
    }
    return true;
  }

  [[nodiscard]] ReadArguments take_read() { return std::move(read_); }

 private:
  bool fail(std::string sentence) {
    read_.problem = std::move(sentence);
    return false;
  }

  /// What it should be; empty where it is that.
  std::string check(const Parameter& parameter, const std::string& value) {
    std::uint64_t& number = read_.arguments.numbers_[std::string{parameter.name}];
    switch (parameter.kind) {
      case Parameter::Kind::text:
        return value.size() <= parameter.text_bytes_max && (!parameter.required || !value.empty())
                   ? ""
                   : fmt::format("a text of at most {} bytes", parameter.text_bytes_max);
      case Parameter::Kind::number: {
        const auto given = whole_number(value);
        if (given && *given >= parameter.least && *given <= parameter.most) {
          number = *given;
          return "";
        }
        return fmt::format("a whole number from {} to {}", parameter.least, parameter.most);
      }
      case Parameter::Kind::word: {
        const auto& words = parameter.words;
        return std::find(words.begin(), words.end(), value) != words.end() ? "" : list_text(words);
      }
      case Parameter::Kind::flag: return value == "true" || value == "false" ? "" : "true or false";
      case Parameter::Kind::duration: {
        const auto given = config::parse(config::durations, value);
        if (given.outcome == config::QuantityOutcome::ok && given.value >= parameter.least &&
            given.value <= parameter.most) {
          number = given.value;
          return "";
        }
        return fmt::format("{}, of at most {}", config::durations.wanted,
                           config::to_text(config::durations, parameter.most));
      }
      case Parameter::Kind::time: {
        const auto given = parse_rfc3339(value);
        if (given) number = *given;
        return given ? "" : "a time such as 2026-03-01T10:00:00Z";
      }
    }
    return "";
  }

  const std::vector<Parameter>& parameters_;
  ReadArguments read_;
};

ReadArguments read_arguments(const std::vector<Parameter>& parameters, const std::string& in_path,
                             const std::multimap<std::string, std::string>& query) {
  ArgumentReader reader{parameters};
  const auto path =
      std::find_if(parameters.begin(), parameters.end(), [](const Parameter& each) { return each.in_path; });
  bool ok = path == parameters.end() || reader.take(std::string{path->name}, in_path, true);
  for (auto it = query.begin(); ok && it != query.end(); ++it) ok = reader.take(it->first, it->second, false);
  if (ok) (void)reader.check_required();  // what it says stands in the result
  return reader.take_read();
}

}  // namespace reel::gateway
