// `reel up -c FILE`: the whole bus from one file, as child processes, until Ctrl-C.
//
// The broker must answer before the tracker starts, and both before "ready" is printed; where the file has
// alert targets or adapters, `reel-alerts` and `reel-adapters` must be subscribed for each of them too, and
// the gateway must listen. Whichever of them ends takes the rest along: half a bus is worse than none, since
// it looks like a whole one. SIGHUP is `reel reload`.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <set>

#include "cli/children.h"
#include "cli/config_file.h"
#include "cli/duration_text.h"
#include "cli/invocation.h"
#include "cli/program_path.h"
#include "cli/reload.h"
#include "reel/query.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;

/// How long a daemon may take to end in order: the tracker writes its state, the broker syncs its journal.
constexpr auto stop_grace = 10s;
/// How long each question "are you there?" waits.
constexpr auto probe_timeout = 200ms;
/// Starting may take long where a large journal is recovered; say so now and then.
constexpr auto patience = 10s;

struct UpOptions {
  std::string file;
  std::string data;
  std::string listen;
  std::string live;
  std::string tracker_listen;
  std::string gateway_listen;
  bool gateway_read_only = false;
  bool no_gateway = false;
};

/// The endpoint to connect to for one that is listened on: "every address" includes this machine's own.
std::string reachable(std::string endpoint, const char* option) {
  for (const std::string every : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
    if (endpoint.starts_with(every)) endpoint = "tcp://127.0.0.1:" + endpoint.substr(every.size());
  }
  if (endpoint.ends_with(":*") || endpoint.ends_with(":0")) {
    throw Failure{exit_code::usage,
                  fmt::format("{} {} has no fixed port, so nobody could be told where to connect", option,
                              shown(endpoint))};
  }
  return endpoint;
}

class Bus {
 public:
  Bus(Invocation& invocation, const UpOptions& options)
      : out_{invocation.out}, model_{load_config(options.file)}, options_{options} {
    if (!options.listen.empty()) model_.broker.listen = options.listen;
    if (!options.live.empty()) model_.broker.live = options.live;
    if (!options.tracker_listen.empty()) model_.tracker.listen = options.tracker_listen;
    for (const auto& [name, target] : model_.alerts.targets)
      alerts_.insert(config::AlertTarget::service_of(name));
    for (const auto& [name, service] : model_.services) {
      if (service.adapter) adapters_.insert(name);
    }
    broker_endpoint_ = reachable(model_.broker.listen, "--listen");
    tracker_endpoint_ = reachable(model_.tracker.listen, "--tracker-listen");
  }

  int run() {
    if (broker_answers()) {
      throw Failure{exit_code::refused,
                    fmt::format("a broker already answers at {} (stop it, or choose another --listen)",
                                broker_endpoint_)};
    }
    children_.start("broker", broker_command());
    if (!until_ready("broker", [this] { return broker_answers(); })) return end();
    children_.start("tracker", tracker_command());
    if (!until_ready("tracker", [this] { return tracker_answers(); })) return end();
    if (!alerts_.empty()) {
      children_.start("alerts", alerts_command());
      if (!until_ready("alerts", [this] { return all_subscribed(alerts_); })) return end();
    }
    if (!adapters_.empty()) {
      children_.start("adapters", adapters_command());
      if (!until_ready("adapters", [this] { return all_subscribed(adapters_); })) return end();
    }
    if (!options_.no_gateway) {
      children_.start("gateway", gateway_command());
      if (!until_ready("gateway", [this] { return !gateway_address_.empty(); })) return end();
    }
    say(fmt::format("ready broker={} live={} tracker={}{} config={}", broker_endpoint_, model_.broker.live,
                    tracker_endpoint_, options_.no_gateway ? "" : " http=http://" + gateway_address_,
                    model_.digest));
    for (auto news = Children::News::none; goes_on(news) && !unheard_; news = children_.wait(1s)) {
      if (news == Children::News::hangup) reload_all();
    }
    return end();
  }

 private:
  [[nodiscard]] std::vector<std::string> broker_command() const {
    std::vector<std::string> command{program_path("reel-broker"), "-c",     options_.file,     "--listen",
                                     model_.broker.listen,        "--live", model_.broker.live};
    if (!options_.data.empty()) command.insert(command.end(), {"--data", options_.data});
    return command;
  }

  [[nodiscard]] std::vector<std::string> tracker_command() const {
    std::vector<std::string> command{
        program_path("reel-tracker"), "-c", options_.file, "--broker", broker_endpoint_, "--listen",
        model_.tracker.listen};
    if (!options_.data.empty()) command.insert(command.end(), {"--data", options_.data + "/tracker"});
    return command;
  }

  [[nodiscard]] std::vector<std::string> alerts_command() const {
    return {program_path("reel-alerts"),
            "-c",
            options_.file,
            "--broker",
            broker_endpoint_,
            "--tracker",
            tracker_endpoint_};
  }

  [[nodiscard]] std::vector<std::string> adapters_command() const {
    return {program_path("reel-adapters"), "-c", options_.file, "--broker", broker_endpoint_};
  }

  [[nodiscard]] std::vector<std::string> gateway_command() const {
    std::vector<std::string> command{program_path("reel-gateway"),
                                     "-c",
                                     options_.file,
                                     "--broker",
                                     broker_endpoint_,
                                     "--tracker",
                                     tracker_endpoint_};
    if (!options_.gateway_listen.empty())
      command.insert(command.end(), {"--listen", options_.gateway_listen});
    if (options_.gateway_read_only) command.emplace_back("--read-only");
    return command;
  }

  /// It says where it listens, which may be a port that the system chose.
  void hear_gateway(std::string_view line) {
    constexpr std::string_view ready = " ready listen=";
    const auto begin = line.find(ready);
    if (begin == line.npos) return;
    line.remove_prefix(begin + ready.size());
    gateway_address_ = line.substr(0, line.find(' '));
  }

  [[nodiscard]] bool broker_answers() const {
    v1::Request request;
    request.mutable_services();
    return answers(broker_endpoint_, request);
  }

  /// Whether each of these services would hear of what happens from now on.
  [[nodiscard]] bool all_subscribed(const std::set<std::string>& services) const {
    v1::Request request;
    request.mutable_services();
    std::set<std::string> there;
    try {
      const auto reply = QueryClient{broker_endpoint_, probe_timeout}.ask(request);
      for (const auto& service : reply.services().services()) {
        if (service.instances_size() > 0) there.insert(service.service());
      }
    } catch (const NotReachable&) {
      return false;
    }
    return std::includes(there.begin(), there.end(), services.begin(), services.end());
  }

  [[nodiscard]] bool tracker_answers() const {
    v1::Request request;
    request.mutable_summary();
    return answers(tracker_endpoint_, request);
  }

  static bool answers(const std::string& endpoint, const v1::Request& request) {
    try {
      return QueryClient{endpoint, probe_timeout}.ask(request).error().empty();
    } catch (const NotReachable&) {
      return false;
    }
  }

  /// While not all of it runs there is nothing to reload yet, and SIGHUP is not heeded.
  [[nodiscard]] static bool goes_on(Children::News news) {
    return news == Children::News::none || news == Children::News::hangup;
  }

  /// False where there is nothing more to wait for: a child ended, or the user wants to.
  template <class Answers>
  [[nodiscard]] bool until_ready(const std::string& name, Answers answers) {
    auto next_word = std::chrono::steady_clock::now() + patience;
    while (goes_on(children_.wait(10ms)) && !unheard_) {
      if (answers()) return goes_on(children_.wait(0ms));
      if (std::chrono::steady_clock::now() < next_word) continue;
      say(fmt::format("still waiting for the {}", name));
      next_word += patience;
    }
    return false;
  }

  /// As `reel reload` does. A terminal that is gone sends the same signal: then nobody reads the answer, and
  /// that ends us.
  void reload_all() {
    Globals globals;
    globals.broker = broker_endpoint_;
    globals.tracker = tracker_endpoint_;
    const ReloadWish wish{.dry_run = false, .reapply = false, .signature = {.by = "SIGHUP", .note = ""}};
    try {
      const Reloaded reloaded = reload(globals, wish);
      for (const auto& line : reloaded.refused) say(shown(line));
      if (!reloaded.refused.empty()) return say("nothing was reloaded");
      for (const auto& line : reload_lines(reloaded.reply, wish)) say(line);
      say("reloaded");
    } catch (const Failure& failure) {
      say(failure.what());
    }
  }

  int end() {
    const Child* ended = children_.ended();
    if (ended != nullptr) {
      say(out_.terminal().paint(Ink::red, fmt::format("{} {}; stopping", ended->name, ending_text(*ended))));
    } else {
      say("stopping");
    }
    const int code = ended != nullptr ? exit_code::refused : exit_code::ok;
    children_.stop(stop_grace);
    say("stopped");
    return code;
  }

  void say(std::string_view line) { print("reel", Ink::bold, line); }

  /// Daemons' lines quote foreign text already; colour codes of their own pass.
  void print(const std::string& name, Ink ink, std::string_view line) {
    if (unheard_) return;
    try {
      out_.line(fmt::format("{} {}", out_.terminal().paint(ink, fmt::format("{:<8} |", name)), line));
      out_.flush();
    } catch (const OutputClosed&) {
      unheard_ = true;
    }
  }

  static Ink ink_of(const std::string& name) {
    if (name == "alerts") return Ink::yellow;
    if (name == "gateway" || name == "adapters") return Ink::green;
    return name == "broker" ? Ink::cyan : Ink::magenta;
  }

  Output& out_;
  config::Model model_;
  UpOptions options_;
  std::set<std::string> alerts_;    // services of the alerts' targets
  std::set<std::string> adapters_;  // services that are adapters
  std::string broker_endpoint_;
  std::string tracker_endpoint_;
  std::string gateway_address_;  // once it listens
  bool unheard_ = false;         // nobody reads our output any more: a reason to end, not to fail
  Children children_{[this](const Child& child, std::string_view line) {
    if (child.name == "gateway") hear_gateway(line);
    print(child.name, ink_of(child.name), line);
  }};
};

int run_up(Invocation& invocation, const UpOptions& options) {
  return Bus{invocation, options}.run();
}

}  // namespace

void add_up(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<UpOptions>();
  auto* command = app.add_subcommand("up", "Run all of the bus from one file, until Ctrl-C")->group("Run");
  command->add_option("-c,--config", options->file, "The configuration")->required()->type_name("FILE");
  command->add_option("--data", options->data, "Keep journal and state here")->type_name("DIR");
  command->add_option("--listen", options->listen, "Where the broker listens")->type_name("ENDPOINT");
  command->add_option("--live", options->live, "Where the broker's live tap listens")->type_name("ENDPOINT");
  command->add_option("--tracker-listen", options->tracker_listen, "Where the tracker listens")
      ->type_name("ENDPOINT");
  command->add_option("--gateway-listen", options->gateway_listen, "Where HTTP and the console are served")
      ->type_name("HOST:PORT");
  auto* const read_only = command->add_flag("--gateway-read-only", options->gateway_read_only,
                                            "Over HTTP and in the console nothing is published or changed");
  command->add_flag("--no-gateway", options->no_gateway, "Without HTTP and the console")->excludes(read_only);
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_up(given, *options); };
  });
}

}  // namespace reel::cli
