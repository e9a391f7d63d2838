#include "shop/faults.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "event/uuid.h"

namespace shop {

namespace {

/// Longest --slow. Beyond it the broker's ack_timeout has given up anyway.
constexpr std::chrono::milliseconds slow_max{600'000};

/// One write per line, so that lines of several handlers do not mix.
void print_line(const std::string& line) {
  const std::string whole = line + '\n';
  std::fwrite(whole.data(), 1, whole.size(), stdout);
  std::fflush(stdout);
}

/// "5%" or "0.05" -> 0.05.
double share_of(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string_view unit{end};
  const double share = unit == "%" ? number / 100 : number;
  if (end == text.c_str() || !(unit.empty() || unit == "%") || !(share >= 0 && share <= 1)) {
    throw CLI::ValidationError{"'" + text + "' is not a share such as 5% or 0.05"};
  }
  return share;
}

/// "2s" or "200ms".
std::chrono::milliseconds duration_of(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string_view unit{end};
  const double milliseconds = unit == "s" ? number * 1000 : number;
  if (end == text.c_str() || !(unit == "s" || unit == "ms") ||
      !(milliseconds >= 0 && milliseconds <= static_cast<double>(slow_max.count()))) {
    throw CLI::ValidationError{"'" + text + "' is not a duration such as 200ms or 2s, 10 minutes at most"};
  }
  return std::chrono::milliseconds{static_cast<std::int64_t>(milliseconds)};
}

}  // namespace

reel::Options Arguments::options() const {
  reel::Options options;
  if (!broker.empty()) options.brokers = {broker};
  // The shop's handlers wait more than they compute.
  options.workers = 4;
  return options;
}

void add_flags(CLI::App& app, Arguments& arguments) {
  app.add_option_function<std::string>(
         "--drop", [&arguments](const std::string& text) { arguments.drop = share_of(text); },
         "share of follow-ups that are silently not published")
      ->type_name("5%");
  app.add_option_function<std::string>(
         "--slow", [&arguments](const std::string& text) { arguments.slow = duration_of(text); },
         "how long each handler takes")
      ->type_name("2s");
  app.add_option_function<std::string>(
         "--fail", [&arguments](const std::string& text) { arguments.fail = share_of(text); },
         "share of events whose first attempt throws")
      ->type_name("10%");
  app.add_option("--crash-after", arguments.crash_after, "die in the middle of the N-th event")
      ->type_name("N");
  app.add_option("--check-fails", arguments.check_fails, "why the service's own check fails")
      ->type_name("REASON");
  app.add_option("--broker", arguments.broker, "the broker's endpoint")->type_name("ENDPOINT");
}

Arguments read_arguments(const std::string& service, int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The shop's service '" + service + "', with faults on demand."};
  add_flags(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return arguments;
}

bool among(double share, std::string_view what, std::string_view name) {
  // 53 bits fill a double's mantissa exactly, so the fraction is below 1 and a share of 0 includes nobody.
  const auto fraction = static_cast<double>(reel::hash_128({what, name}).high >> 11) * 0x1p-53;
  return fraction < share;
}

Faults::Faults(std::string service, const Arguments& arguments, Report report)
    : service_{std::move(service)},
      arguments_{arguments},
      report_{report ? std::move(report) : Report{print_line}} {}

bool Faults::strikes(double share, std::string_view fault, const reel::Context& flow) const {
  const std::string what = std::string{fault} + ' ' + service_ + ' ' + std::string{flow.topic()};
  return among(share, what, flow.correlationid());
}

void Faults::strike(const reel::Context& flow) {
  const std::uint64_t handling = ++handled_;
  if (arguments_.slow.count() > 0) std::this_thread::sleep_for(arguments_.slow);
  // Not exit(): a crash closes nothing, flushes nothing and says no goodbye.
  if (handling == arguments_.crash_after) _exit(1);
  if (flow.attempt() == 1 && strikes(arguments_.fail, "fail", flow)) {
    throw std::runtime_error{service_ + " failed on purpose"};
  }
}

void Faults::check() const {
  if (!arguments_.check_fails.empty()) throw std::runtime_error{arguments_.check_fails};
}

void Faults::publish(reel::Context& flow, std::string_view topic, const google::protobuf::Message& event) {
  if (!strikes(arguments_.drop, "drop", flow)) {
    flow.publish(topic, event);
    return;
  }
  report_(nlohmann::json{{"dropped", topic}, {"flow", flow.correlationid()}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace shop
