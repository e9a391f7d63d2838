// `reel test`: every case of the files, and where one differs, the line and both sides.
#include <spdlog/fmt/fmt.h>

#include "cli/output.h"
#include "rehearsal/case_run.h"
#include "rehearsal/commands.h"
#include "story/flow_json.h"

namespace reel::rehearsal {
namespace {

using cli::Failure;
using cli::Ink;
using story::Json;

CaseFile cases_in(const std::string& path) {
  try {
    return read_cases(path);
  } catch (const config::ConfigError& error) {
    throw Failure{cli::exit_code::refused, error.what()};
  }
}

void print_case(const CaseFile& file, const CaseResult& result, cli::Output& out) {
  const auto& terminal = out.terminal();
  const std::string mark =
      result.passed() ? terminal.paint(Ink::green, "ok    ") : terminal.paint(Ink::red, "FAILED");
  out.line(fmt::format("{}  {}", mark, cli::shown(result.played->name)));
  for (const Difference& difference : result.differences) {
    out.line(
        fmt::format("  {}:{}: {}", cli::shown(file.path), difference.line, cli::shown(difference.subject)));
    out.line(fmt::format("    expected  {}", difference.expected));
    out.line(fmt::format("    got       {}", difference.got));
  }
}

Json case_json(const CaseFile& file, const CaseResult& result) {
  Json json{{"file", file.path},
            {"name", result.played->name},
            {"line", result.played->line},
            {"passed", result.passed()}};
  json["differences"] = Json::array();
  for (const Difference& difference : result.differences) {
    json["differences"].push_back({{"line", difference.line},
                                   {"subject", difference.subject},
                                   {"expected", difference.expected},
                                   {"got", difference.got}});
  }
  return json;
}

}  // namespace

int run_cases(cli::Invocation& invocation, const cli::CasesOptions& options) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  Json cases = Json::array();
  for (const std::string& path : options.files) {
    const CaseFile file = cases_in(path);
    for (const Case& each : file.cases) {
      const CaseResult result = play(file, each);
      ++(result.passed() ? passed : failed);
      if (invocation.globals.json) {
        cases.push_back(case_json(file, result));
      } else {
        print_case(file, result, invocation.out);
      }
    }
  }
  if (invocation.globals.json) {
    invocation.out.line(
        story::line_of({{"passed", passed}, {"failed", failed}, {"cases", std::move(cases)}}));
  } else {
    invocation.out.line(fmt::format("{} passed, {} failed", passed, failed));
  }
  return failed == 0 ? cli::exit_code::ok : cli::exit_code::refused;
}

}  // namespace reel::rehearsal
