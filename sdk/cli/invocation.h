// What every command is given, and how it ends.
//
// A command is one file with one function `add_NAME(CLI::App&, Invocation&)`: it declares its arguments and
// stores what is to run. main parses, runs it and turns a Failure into a sentence on stderr and an exit code.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/output.h"

namespace CLI {
class App;
}

namespace reel::cli {

namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int refused = 1;        ///< the answer is no: refused, invalid, not found
inline constexpr int usage = 2;          ///< the command line makes no sense
inline constexpr int not_reachable = 3;  ///< nobody answered
inline constexpr int timed_out = 4;      ///< what was waited for did not come in time
inline constexpr int gone_wrong = 5;     ///< it came, with dead letters or something overdue
}  // namespace exit_code

/// Ends a command with one sentence for people.
struct Failure : std::runtime_error {
  Failure(int code, const std::string& sentence) : std::runtime_error{sentence}, exit{code} {}
  int exit;
};

enum class Format { text, json, mermaid, dot, otlp };

/// The options that stand before or behind any command.
struct Globals {
  /// Other than text and json only where the command draws.
  Format format = Format::text;
  bool json = false;
  /// One endpoint, or several with commas between them: tried in turn.
  std::string broker = "tcp://127.0.0.1:5555";
  std::string tracker = "tcp://127.0.0.1:5557";
  /// How long an answer may take before the other side counts as not reachable.
  std::chrono::milliseconds timeout{3000};
};

/// The endpoints of a list such as REEL_BROKER holds.
[[nodiscard]] std::vector<std::string> endpoints_of(const std::string& list);

struct Invocation {
  Globals globals;
  /// The command line as it was given, the program first.
  std::vector<std::string> arguments;
  Output& out;
  Output& err;
  /// Whether the chosen command has every format, not only text and json.
  bool draws = false;
  /// What the chosen command does; its result is the exit code.
  std::function<int(Invocation&)> run;
};

/// Adds `commands` and the global options to `app`, runs what `arguments` choose and returns the exit code.
/// All of main but the process around it.
[[nodiscard]] int run_reel(int count, const char* const* arguments);
/// The same with other commands: for programs that carry out some of reel's.
[[nodiscard]] int run_commands(int count, const char* const* arguments,
                               const std::function<void(CLI::App&, Invocation&)>& add);

void add_up(CLI::App& app, Invocation& invocation);
void add_reload(CLI::App& app, Invocation& invocation);
void add_check(CLI::App& app, Invocation& invocation);
void add_pub(CLI::App& app, Invocation& invocation);
void add_sub(CLI::App& app, Invocation& invocation);
void add_last(CLI::App& app, Invocation& invocation);
void add_bench(CLI::App& app, Invocation& invocation);
void add_flows(CLI::App& app, Invocation& invocation);
void add_flow(CLI::App& app, Invocation& invocation);
void add_orphans(CLI::App& app, Invocation& invocation);
void add_topics(CLI::App& app, Invocation& invocation);
void add_services(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_dead(CLI::App& app, Invocation& invocation);
void add_delayed(CLI::App& app, Invocation& invocation);
void add_event(CLI::App& app, Invocation& invocation);
void add_why(CLI::App& app, Invocation& invocation);
void add_variants(CLI::App& app, Invocation& invocation);
void add_edges(CLI::App& app, Invocation& invocation);
void add_verify(CLI::App& app, Invocation& invocation);
void add_mend(CLI::App& app, Invocation& invocation);
void add_retries(CLI::App& app, Invocation& invocation);
void add_pause(CLI::App& app, Invocation& invocation);
void add_resume(CLI::App& app, Invocation& invocation);
void add_replay(CLI::App& app, Invocation& invocation);
void add_forget(CLI::App& app, Invocation& invocation);
void add_incidents(CLI::App& app, Invocation& invocation);
void add_ack(CLI::App& app, Invocation& invocation);
void add_snooze(CLI::App& app, Invocation& invocation);
void add_waive(CLI::App& app, Invocation& invocation);
void add_backtest(CLI::App& app, Invocation& invocation);
void add_test(CLI::App& app, Invocation& invocation);
void add_alerts(CLI::App& app, Invocation& invocation);
void add_explain(CLI::App& app, Invocation& invocation);
void add_completion(CLI::App& app, Invocation& invocation);

}  // namespace reel::cli
