#include "cli/confirm.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <iostream>

namespace reel::cli {

void add_caution(CLI::App& command, Caution& caution) {
  command.add_flag("-n,--dry-run", caution.dry_run, "Only say what would happen");
  command.add_flag("-y,--yes", caution.yes, "Do not ask: for scripts");
}

bool somebody_there(const Invocation& invocation) {
  return ::isatty(STDIN_FILENO) != 0 && invocation.err.terminal().interactive();
}

std::string answer_to(Invocation& invocation, const std::string& prompt) {
  invocation.out.flush();
  invocation.err.raw(prompt);
  std::string line;
  std::getline(std::cin, line);
  std::string answer;
  for (const char byte : line) {
    if (byte == ' ' || byte == '\t' || byte == '\r') continue;
    answer += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  }
  return answer;
}

bool says_yes(std::string_view answer) {
  return answer == "y" || answer == "yes";
}

void confirm(Invocation& invocation, const Caution& caution, const std::string& deed) {
  if (caution.yes) return;
  if (!somebody_there(invocation)) {
    throw Failure{exit_code::usage,
                  fmt::format("{}? there is no terminal to ask at: add --yes, or --dry-run", deed)};
  }
  if (!says_yes(answer_to(invocation, deed + "? [y/N] "))) {
    throw Failure{exit_code::refused, "nothing was done"};
  }
}

}  // namespace reel::cli
