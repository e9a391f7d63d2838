#include "cli/program_path.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/invocation.h"

namespace reel::cli {

std::string program_path(const std::string& name) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  std::vector<std::filesystem::path> folders{self.parent_path()};
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const std::size_t end = rest.find(':');
    folders.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  for (const auto& folder : folders) {
    const auto candidate = folder / name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  throw Failure{exit_code::refused, fmt::format("{} is neither beside reel nor in PATH", name)};
}

void become(const std::string& name, std::vector<std::string> arguments) {
  const std::string program = program_path(name);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  throw Failure{exit_code::refused, program + " cannot be run: " + std::strerror(errno)};
}

}  // namespace reel::cli
