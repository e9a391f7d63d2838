#include "cli/when_option.h"

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/invocation.h"
#include "event/event_pattern.h"

namespace reel::cli {
namespace {

/// As much of the file as shows that it is too long.
std::string read_pattern(const std::string& option, const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text(pattern_bytes_max + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    throw Failure{exit_code::refused,
                  fmt::format("{}: cannot read '{}': {}", option, shown(path), std::strerror(errno))};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

std::string when_of(const std::string& option, const std::string& argument) {
  if (argument.empty()) return {};
  std::string when = argument.starts_with("@") ? read_pattern(option, argument.substr(1)) : argument;
  const auto compiled = EventPattern::compile(when);
  if (!compiled.pattern)
    throw Failure{exit_code::refused, fmt::format("{}: {}", option, shown(compiled.error.text()))};
  return when;
}

}  // namespace reel::cli
