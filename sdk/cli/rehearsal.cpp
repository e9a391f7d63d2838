#include "cli/rehearsal.h"

#include <CLI/CLI.hpp>

#include <utility>

#include "cli/program_path.h"

namespace reel::cli {

void declare_backtest(CLI::App& app, Invocation& invocation,
                      std::function<int(Invocation&, const BacktestOptions&)> run) {
  auto options = std::make_shared<BacktestOptions>();
  auto* command =
      app.add_subcommand("backtest", "Judge a recorded history by flow definitions")->group("Try");
  command
      ->add_option("-c,--config", options->config, "The definitions: reel.yaml, or a file with flows alone")
      ->required()
      ->type_name("FILE");
  auto* events =
      command
          ->add_option("--events", options->events,
                       "The history: CloudEvents as JSON lines in time order, plain or gzip; - for "
                       "standard input")
          ->type_name("FILE");
  command->add_flag("--journal", options->journal, "The history: all that the broker's journal holds")
      ->excludes(events);
  command->add_option("--list", options->list, "Name the flows that came to this verdict")
      ->type_name("VERDICT")
      ->delimiter(',')
      ->check(CLI::IsMember({"met", "met_late", "overdue", "open", "cancelled"}));
  command
      ->add_option("--against", options->against,
                   "Say what this changed file would newly flag, and no longer flag")
      ->type_name("FILE");
  command->add_flag("--fail-on-violation", options->fail_on_violation,
                    "End with 1 where something was overdue, also where it came late");
  command->callback([&invocation, options, run = std::move(run)] {
    if (options->events.empty() && !options->journal) throw CLI::RequiredError{"--events or --journal"};
    invocation.run = [options, run](Invocation& given) { return run(given, *options); };
  });
}

void declare_test(CLI::App& app, Invocation& invocation,
                  std::function<int(Invocation&, const CasesOptions&)> run) {
  auto options = std::make_shared<CasesOptions>();
  auto* command =
      app.add_subcommand("test", "Try flow definitions on cases: a trace, and what must come of it")
          ->group("Try");
  command->add_option("file", options->files, "The cases")->required()->type_name("FILE");
  command->callback([&invocation, options, run = std::move(run)] {
    invocation.run = [options, run](Invocation& given) { return run(given, *options); };
  });
}

void add_backtest(CLI::App& app, Invocation& invocation) {
  declare_backtest(app, invocation, [](Invocation& given, const BacktestOptions&) -> int {
    become("reel-rehearsal", given.arguments);
  });
}

void add_test(CLI::App& app, Invocation& invocation) {
  declare_test(app, invocation, [](Invocation& given, const CasesOptions&) -> int {
    become("reel-rehearsal", given.arguments);
  });
}

}  // namespace reel::cli
