// The composition of the `reel` command: global options, the commands in the order the help shows them, and
// how each kind of trouble ends.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "event/nearest_name.h"

#include <algorithm>
#include <csignal>

#include "cli/duration_text.h"
#include "cli/invocation.h"
#include "config/endpoint.h"
#include "config/units.h"

namespace reel::cli {
namespace {

/// What is wrong with a list of endpoints; empty where nothing is.
std::string wrong_endpoints(const std::string& list) {
  const auto endpoints = endpoints_of(list);
  if (endpoints.empty()) return "must name an endpoint, as in tcp://127.0.0.1:5555";
  for (const std::string& endpoint : endpoints) {
    if (const auto wrong = config::check_endpoint(endpoint))
      return fmt::format("'{}' is not an endpoint: it {}", shown(endpoint), *wrong);
  }
  return "";
}

Format format_of(const std::string& name) {
  if (name == "json") return Format::json;
  if (name == "mermaid") return Format::mermaid;
  if (name == "dot") return Format::dot;
  return name == "otlp" ? Format::otlp : Format::text;
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option_function<std::string>(
         "-o,--output",
         [&globals](const std::string& name) {
           globals.format = format_of(name);
           globals.json = globals.format == Format::json;
         },
         "How to print: text, or json (one object a line); a flow also as mermaid, dot, otlp")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json", "mermaid", "dot", "otlp"}));
  app.add_option("--broker", globals.broker, "Where the broker answers")
      ->type_name("ENDPOINT")
      ->envname("REEL_BROKER")
      ->check(wrong_endpoints)
      ->capture_default_str();
  app.add_option("--tracker", globals.tracker, "Where the tracker answers")
      ->type_name("ENDPOINT")
      ->envname("REEL_TRACKER")
      ->check(wrong_endpoints)
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--timeout",
         [&globals](const std::string& text) {
           const auto time = parse_duration(text);
           if (!time || *time <= std::chrono::nanoseconds{0} || *time > std::chrono::hours{24}) {
             throw CLI::ValidationError{"--timeout",
                                        fmt::format("'{}' is not {}", shown(text), config::durations.wanted)};
           }
           globals.timeout = std::chrono::ceil<std::chrono::milliseconds>(*time);
         },
         "How long an answer may take [3s]")
      ->type_name("DURATION");
}

void add_commands(CLI::App& app, Invocation& invocation) {
  add_up(app, invocation);
  add_check(app, invocation);
  add_reload(app, invocation);
  add_pub(app, invocation);
  add_sub(app, invocation);
  add_last(app, invocation);
  add_bench(app, invocation);
  add_flows(app, invocation);
  add_flow(app, invocation);
  add_variants(app, invocation);
  add_edges(app, invocation);
  add_orphans(app, invocation);
  add_topics(app, invocation);
  add_services(app, invocation);
  add_dead(app, invocation);
  add_status(app, invocation);
  add_delayed(app, invocation);
  add_event(app, invocation);
  add_why(app, invocation);
  add_incidents(app, invocation);
  add_verify(app, invocation);
  add_mend(app, invocation);
  add_retries(app, invocation);
  add_pause(app, invocation);
  add_resume(app, invocation);
  add_replay(app, invocation);
  add_forget(app, invocation);
  add_ack(app, invocation);
  add_snooze(app, invocation);
  add_waive(app, invocation);
  add_backtest(app, invocation);
  add_test(app, invocation);
  add_alerts(app, invocation);
  add_explain(app, invocation);
  add_completion(app, invocation);
}

/// The command that was chosen, or its sub-command: "dead redrive ", with a blank behind each.
const CLI::App& chosen(const CLI::App& app, std::string& path) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += command->get_name() + " ";
  }
  return *command;
}

/// "unknown command 'fluw' (did you mean 'flow'?)"
std::string unexpected_text(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining(true);
  const std::string extra = extras.empty() ? "" : extras.front();
  std::string path;
  const CLI::App& command = chosen(app, path);
  std::vector<std::string_view> names;
  for (const CLI::App* each : command.get_subcommands({})) names.push_back(each->get_name());
  if (names.empty() || extra.starts_with("-")) return fmt::format("'{}' is not expected here", shown(extra));
  const std::string near{nearest_name(extra, names).value_or("")};
  return fmt::format("unknown command '{}{}'{}", path, shown(extra),
                     near.empty() ? "" : " (did you mean '" + near + "'?)");
}

/// A command line that was not understood, or a call for help.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
  std::string path;
  (void)chosen(app, path);
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  fmt::print(stderr, "{}\nsee 'reel {}--help'\n", extra ? unexpected_text(app) : shown(error.what()), path);
  return exit_code::usage;
}

/// Runs the command; what it printed before it failed is printed before the sentence that says so.
int run_command(Invocation& invocation) {
  try {
    const Format format = invocation.globals.format;
    if (!invocation.draws && format != Format::text && format != Format::json)
      throw Failure{exit_code::usage,
                    "this command prints text or json; the other formats are for 'reel flow'"};
    return invocation.run(invocation);
  } catch (const Failure& failure) {
    invocation.err.line(failure.what());
    return failure.exit;
  } catch (const OutputClosed&) {
    throw;
  } catch (const std::exception& error) {
    invocation.err.line(shown(error.what()));
    return exit_code::refused;
  }
}

int run_chosen(Invocation& invocation) {
  try {
    const int code = run_command(invocation);
    invocation.out.flush();
    invocation.err.flush();
    return code;
  } catch (const OutputClosed&) {
    return exit_code::ok;  // the reader had enough
  }
}

}  // namespace

std::vector<std::string> endpoints_of(const std::string& list) {
  std::vector<std::string> endpoints;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) endpoints.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return endpoints;
}

int run_reel(int count, const char* const* arguments) {
  return run_commands(count, arguments, add_commands);
}

int run_commands(int count, const char* const* arguments,
                 const std::function<void(CLI::App&, Invocation&)>& add) {
  std::signal(SIGPIPE, SIG_IGN);
  Output out{STDOUT_FILENO, Terminal::of(STDOUT_FILENO)};
  Output err{STDERR_FILENO, Terminal::of(STDERR_FILENO)};
  Invocation invocation{.globals = {},
                        .arguments = {arguments, arguments + count},
                        .out = out,
                        .err = err,
                        .draws = false,
                        .run = {}};

  CLI::App app{"Services that react to each other's events, and a bus that notices when one does not.",
               "reel"};
  app.set_version_flag("--version", "reel " REEL_VERSION);
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_globals(app, invocation.globals);
  add(app, invocation);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return explain(app, error);
  }
  if (!invocation.run) {
    fmt::print("{}", app.help());
    return exit_code::ok;
  }
  return run_chosen(invocation);
}

}  // namespace reel::cli
