// `reel-demo`: the shop on the bus, with faults, and a board that shows what the tracker makes of them.
//
//   reel-demo                                     until Ctrl-C, where configs/shop.yaml says
//   reel-demo --orders 300 --exit -o json         a private bus, 300 orders, a verdict
//
// With --exit the run ends when every order is completed, declined or overdue. The exit code is 0 only if the
// overdue orders are exactly those whose follow-up a service dropped.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "cli/duration_text.h"
#include "cli/terminal.h"
#include "config/load.h"
#include "shop/demo/board.h"
#include "shop/demo/judgement.h"
#include "shop/demo/mesh.h"
#include "shop/demo/witness.h"

namespace shop::demo {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::filesystem::path;

namespace exit_code {
constexpr int ok = 0;
constexpr int failed = 1;
constexpr int usage = 2;
constexpr int interrupted = 130;
}  // namespace exit_code

constexpr auto redraw_interval = 250ms;
/// How often counts are printed where there is no terminal to redraw.
constexpr auto line_interval = 2s;
/// The bus may take this long to start: it compiles schemas and recovers a journal.
constexpr auto start_timeout = 60s;
/// After the last order, a finite run waits so long for the last verdict: several deadlines of 10 s, one
/// after the other, on a slow machine.
constexpr auto settle_timeout = 120s;

/// What makes the demo worth watching. invoicing dies once, in the middle of an order.
const std::vector<std::pair<std::string, std::string>> default_faults{
    {"payments", "--drop 5%"}, {"inventory", "--fail 10%"}, {"invoicing", "--crash-after 25"},
    {"shipping", "--drop 3%"}, {"notifications", ""},       {"orders", ""}};

struct Arguments {
  std::string config;
  std::string data;
  std::optional<std::uint64_t> orders;
  std::optional<double> rate;
  std::string gateway;
  bool no_gateway = false;
  bool exit = false;
  bool verbose = false;
  std::string output = "text";
  std::vector<std::pair<std::string, std::string>> faults;

  [[nodiscard]] std::uint64_t order_count() const {
    return orders.value_or(exit ? 300 : std::numeric_limits<std::uint64_t>::max());
  }
  [[nodiscard]] double orders_per_second() const { return rate.value_or(exit ? 50 : 10); }
  [[nodiscard]] bool json() const { return output == "json"; }
};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in{text};
  return {std::istream_iterator<std::string>{in}, {}};
}

/// A folder that is gone when the demo is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    // A socket's path has at most 107 characters.
    const std::string base = std::filesystem::temp_directory_path().string();
    path_ = (base.size() < 60 ? base : "/tmp") + "/reel-demo-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::system_error{errno, std::generic_category(), "cannot make a folder " + path_};
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Plan plan_of(const Arguments& arguments, const std::string& folder) {
  Plan plan;
  plan.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  plan.config = arguments.config;
  plan.data = arguments.data.empty() ? folder + "/data" : arguments.data;
  if (arguments.exit) {
    // Sockets of its own, so that a run disturbs nobody and nobody disturbs it.
    plan.broker = "ipc://" + folder + "/broker";
    plan.live = "ipc://" + folder + "/live";
    plan.tracker = "ipc://" + folder + "/tracker";
  } else {
    const auto model = reel::config::load(arguments.config);
    plan.broker = model.broker.listen;
    plan.live = model.broker.live;
    plan.tracker = model.tracker.listen;
    plan.gateway = arguments.gateway.empty() ? model.gateway.listen : arguments.gateway;
    if (arguments.no_gateway) plan.gateway.clear();
  }
  for (const auto& [service, faults] : arguments.faults) {
    std::vector<std::string> flags = words(faults);
    if (service == "orders") {
      for (const std::string& flag :
           {std::string{"--orders"}, std::to_string(arguments.order_count()), std::string{"--rate"},
            fmt::format("{}", arguments.orders_per_second())}) {
        flags.push_back(flag);
      }
    }
    plan.services.emplace_back(service, std::move(flags));
  }
  return plan;
}

/// The run, from the first process to the last.
class Demo {
 public:
  Demo(const Arguments& arguments, const Plan& plan)
      : arguments_{arguments},
        has_console_{!plan.gateway.empty()},
        mesh_{plan},
        witness_{plan.tracker, plan.live} {
    if (arguments.verbose) mesh_.be_verbose();
  }

  int run() {
    const int code = play();
    if (code == exit_code::interrupted) fmt::print(stderr, "\nstopping\n");
    mesh_.stop();
    // Without --exit an interruption is how the demo ends.
    return code == exit_code::interrupted && !arguments_.exit ? exit_code::ok : code;
  }

 private:
  int play() {
    mesh_.start_bus();
    if (const auto code = until_ready()) return *code;
    if (has_console_) {
      fmt::print(arguments_.json() ? stderr : stdout, "console: {}/\n\n", mesh_.console());
      std::fflush(stdout);
    }
    mesh_.start_services();
    began_ = Clock::now();
    while (true) {
      switch (mesh_.wait(redraw_interval)) {
        case Mesh::News::stop_requested: return exit_code::interrupted;
        case Mesh::News::failed: return fail(mesh_.failure());
        case Mesh::News::none: break;
      }
      look();
      if (arguments_.exit && settled()) return conclude();
    }
  }

  /// Nothing when the bus answers; an exit code when it will not.
  std::optional<int> until_ready() {
    const auto until = Clock::now() + start_timeout;
    while (!witness_.ready() || (has_console_ && mesh_.console().empty())) {
      switch (mesh_.wait(10ms)) {
        case Mesh::News::stop_requested: return exit_code::interrupted;
        case Mesh::News::failed: return fail(mesh_.failure());
        case Mesh::News::none: break;
      }
      if (Clock::now() > until)
        return fail(fmt::format("no answer from the tracker within {} s", start_timeout / 1s));
    }
    return std::nullopt;
  }

  void look() {
    if (!witness_.look(view_)) return;
    view_.elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_);
    view_.dropped = mesh_.drops().size();
    view_.news = mesh_.news();
    if (!arguments_.json() && terminal_.interactive()) {
      screen_.show(board_lines(view_, terminal_));
    } else {
      print_line();
    }
  }

  /// What the board shows, for a pipe or a file: counts now and then, on stderr where stdout is for the
  /// result.
  void print_line() {
    std::FILE* out = arguments_.json() ? stderr : stdout;
    if (!view_.news.empty() && view_.news.back() != last_news_) {
      last_news_ = view_.news.back();
      fmt::print(out, "{}\n", last_news_);
    }
    if (Clock::now() >= next_line_) {
      next_line_ = Clock::now() + line_interval;
      fmt::print(out, "{:>4} s: {}\n", view_.elapsed.count(), counts_text(view_));
    }
    std::fflush(out);
  }

  /// Whether there is nothing more to wait for: all is judged, or time is over.
  [[nodiscard]] bool settled() const {
    const std::uint64_t orders = arguments_.order_count();
    const std::chrono::duration<double> placing{static_cast<double>(orders) / arguments_.orders_per_second()};
    if (Clock::now() - began_ > placing + settle_timeout) return true;
    return witness_.flows() >= orders && view_.open == 0 && view_.overdue == mesh_.drops().size();
  }

  int conclude() {
    const Judgement judgement = judge(arguments_.order_count(), witness_.all_flows(), mesh_.drops());
    if (arguments_.json()) {
      fmt::print("{}\n", to_json(judgement.tally));
    } else {
      const Tally& tally = judgement.tally;
      fmt::print("{} orders: {} completed, {} declined, {} overdue; {} follow-ups were dropped\n",
                 tally.orders, tally.completed, tally.declined, tally.overdue, tally.dropped);
    }
    std::fflush(stdout);
    for (const std::string& doubt : judgement.doubts) fmt::print(stderr, "reel-demo: {}\n", doubt);
    return judgement.holds() ? exit_code::ok : exit_code::failed;
  }

  static int fail(const std::string& sentence) {
    fmt::print(stderr, "reel-demo: {}\n", sentence);
    return exit_code::failed;
  }

  Arguments arguments_;
  const bool has_console_;
  Mesh mesh_;
  Witness witness_;
  View view_;
  reel::cli::Terminal terminal_ = reel::cli::Terminal::of(STDOUT_FILENO);
  Screen screen_{STDOUT_FILENO};
  Clock::time_point began_;
  Clock::time_point next_line_;
  std::string last_news_;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  arguments.config = REEL_SOURCE_DIR "/configs/shop.yaml";
  arguments.faults = default_faults;
  bool no_faults = false;
  std::map<std::string, std::string> chosen;

  CLI::App app{"The shop on Reel: six services, some of them faulty, and what the tracker makes of it."};
  app.add_option("--orders", arguments.orders, "how many orders are placed (until Ctrl-C; with --exit 300)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  app.add_option("--rate", arguments.rate, "how many of them a second (10; with --exit 50)")
      ->type_name("R")
      ->check(CLI::Range(0.001, 1e6));
  app.add_flag("--exit", arguments.exit,
               "end when every order is judged, on a private bus; 0 if all adds up");
  app.add_option("-o,--output", arguments.output, "the result of --exit: text or json")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("-c,--config", arguments.config, "another configuration than configs/shop.yaml")
      ->type_name("FILE");
  app.add_option("--data", arguments.data, "keep journal and state here; without it they are gone at the end")
      ->type_name("DIR");
  for (const auto& [service, faults] : default_faults) {
    if (service == "orders") continue;  // --orders says how many; the customers' side has no faults here
    app.add_option("--" + service, chosen[service],
                   fmt::format("its faults: none, or such as --{}='--drop 5% --slow 2s' ({})", service,
                               faults.empty() ? "none" : faults))
        ->type_name("FLAGS");
  }
  app.add_option("--gateway-listen", arguments.gateway, "where HTTP and the console are served")
      ->type_name("HOST:PORT");
  app.add_flag("--no-gateway", arguments.no_gateway, "without HTTP and the console");
  app.add_flag("--no-faults", no_faults, "without the usual faults");
  app.add_flag("-v,--verbose", arguments.verbose, "what the processes say, on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? exit_code::ok : exit_code::usage);
  }
  for (auto& [service, faults] : arguments.faults) {
    if (no_faults) faults.clear();
    if (!chosen[service].empty()) faults = chosen[service] == "none" ? "" : chosen[service];
  }
  return arguments;
}

}  // namespace
}  // namespace shop::demo

int main(int argc, char** argv) try {
  using namespace shop::demo;
  const Arguments arguments = read_arguments(argc, argv);
  const TemporaryFolder folder;
  return Demo{arguments, plan_of(arguments, folder.path())}.run();
} catch (const std::exception& error) {
  std::cerr << "reel-demo: " << error.what() << '\n';
  return 1;
}
