// `reel bench TOPIC`: how many events a second a broker takes and hands on, and how long each is on its way.
//
// The events are real ones, on a topic of the broker's: whoever is subscribed to it gets them too. So it asks
// first where somebody is.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/catalog.h"
#include "cli/confirm.h"
#include "cli/inquiry.h"
#include "cli/load/load.h"
#include "cli/load/load_text.h"
#include "cli/pace.h"
#include "cli/progress.h"
#include "cli/pub_lines.h"
#include "event/topic.h"
#include "reel/query.h"

namespace reel::cli {
namespace {

/// What a load may ask of this process's memory: a few bytes for each flow.
constexpr std::uint64_t flows_max = 10'000'000;

struct BenchOptions {
  std::string topic;
  std::string json = "{}";
  std::uint64_t events = 100'000;
  std::uint64_t flows = 1'000;
  std::string rate;
  Caution caution;
};

/// Services that would handle what is only a load. The tracker follows everything, and that is its job.
std::vector<std::string> listeners(const Globals& globals, const std::string& topic) {
  std::vector<std::string> names;
  const v1::ServicesReply reply = ask_services(globals);
  for (const auto& service : reply.services()) {
    if (service.service() == "reel-tracker" || service.ephemeral()) continue;
    for (const std::string& pattern : service.patterns()) {
      if (!matches(pattern, topic)) continue;
      names.push_back(service.service());
      break;
    }
  }
  return names;
}

/// "publish 100,000 events on order.placed, handled by payments, shipping"
std::string deed_text(const BenchOptions& options, const std::vector<std::string>& listening) {
  std::string deed = fmt::format("publish {} events on {}", count_text(options.events), shown(options.topic));
  for (std::size_t i = 0; i < listening.size(); ++i)
    deed += (i == 0 ? ", handled by " : ", ") + shown(listening[i]);
  return deed;
}

LoadPlan plan_of(const Catalog& catalog, const BenchOptions& options) {
  const EventDraft draft = catalog.draft(options.topic, options.json);
  LoadPlan plan{.topic = options.topic,
                .type = draft.dataschema,
                .data = draft.data,
                .events = options.events,
                .flows = options.flows,
                .live = catalog.unheard(options.topic, false).has_value()};
  if (options.rate.empty()) return plan;
  const auto rate = parse_rate(options.rate);
  if (!rate || *rate <= 0)
    throw Failure{exit_code::usage,
                  fmt::format("--rate: '{}' is not a rate, as in 1000/s", shown(options.rate))};
  plan.rate_per_s = *rate;
  return plan;
}

int run_bench(Invocation& invocation, const BenchOptions& options) {
  const LoadPlan plan = plan_of(Catalog::fetch(invocation.globals), options);
  const auto listening = listeners(invocation.globals, options.topic);
  const std::string deed = deed_text(options, listening);
  if (options.caution.dry_run) {
    invocation.out.line("would " + deed);
    return exit_code::ok;
  }
  if (!listening.empty()) confirm(invocation, options.caution, deed);
  try {
    Load load{plan, publisher_options(invocation.globals)};
    const Interrupt interrupt;
    Progress progress{invocation.err, plan.events};
    const LoadResult result =
        load.run(interrupt, [&](const LoadResult& so_far) { progress.show(so_far.arrived, so_far.arrived); });
    progress.clear();
    if (invocation.globals.json) {
      invocation.out.line(load_json(result).dump());
    } else {
      invocation.out.lines(load_lines(result));
    }
    return result.whole() && result.refused == 0 ? exit_code::ok : exit_code::refused;
  } catch (const NotReachable&) {
    throw broker_not_reachable(invocation.globals);
  }
}

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand("bench", "Publish many events, receive them again, and say how fast")
                      ->group("Events");
  command->add_option("topic", options->topic, "Their topic")->required()->type_name("TOPIC");
  command->add_option("json", options->json, "Their payload")->type_name("JSON")->capture_default_str();
  command->add_option("--events", options->events, "How many")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--rate", options->rate, "So many a second, as in 1000/s [as fast as it goes]")
      ->type_name("RATE");
  command->add_option("--flows", options->flows, "Over so many flows")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, flows_max))
      ->capture_default_str();
  add_caution(*command, options->caution);
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_bench(given, *options); };
  });
}

}  // namespace reel::cli
