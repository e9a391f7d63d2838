// `reel services`: who is on the bus, and how much waits for each.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <limits>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/service_text.h"
#include "cli/table.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

using Service = v1::ServicesReply::Service;

nanoseconds duration_of(std::uint64_t ns) {
  return nanoseconds{static_cast<std::int64_t>(ns)};
}

nanoseconds age(std::uint64_t since, std::uint64_t now) {
  return now > since ? duration_of(now - since) : nanoseconds{0};
}

Json checks_json(const Service& service) {
  Json checks = Json::array();
  for (const auto& check : service.checks()) {
    Json failing = Json::array();
    for (const auto& one : check.failing()) {
      failing.push_back({{"instance", one.instance()},
                         {"host", one.host()},
                         {"pid", one.pid()},
                         {"since", rfc3339(one.since())},
                         {"reason", one.reason()}});
    }
    checks.push_back({{"check", check.name()},
                      {"instances", check.instances()},
                      {"failed", check.failed()},
                      {"failing", std::move(failing)}});
  }
  return checks;
}

Json service_json(const Service& service, std::uint64_t now) {
  Json patterns = Json::array();
  for (const std::string& pattern : service.patterns()) patterns.push_back(pattern);
  Json instances = Json::array();
  for (const auto& instance : service.instances()) {
    instances.push_back({{"instance", instance.instance()},
                         {"host", instance.host()},
                         {"pid", instance.pid()},
                         {"last_beat", rfc3339(instance.last_beat())},
                         {"in_flight", instance.in_flight()}});
  }
  Json json{{"service", service.service()},      {"patterns", std::move(patterns)},
            {"instances", std::move(instances)}, {"waiting", service.waiting()},
            {"behind", service.behind()},        {"next_offset", service.next_offset()},
            {"retrying", service.retrying()},    {"dead", service.dead()},
            {"acked", service.acked()},          {"nacked", service.nacked()},
            {"in_flight", service.in_flight()},  {"parked", service.parked()},
            {"expired", service.expired()}};
  json["checks"] = checks_json(service);
  if (service.oldest_unsettled() != 0) {
    json["oldest_unsettled"] = rfc3339(service.oldest_unsettled());
    json["oldest_unsettled_seconds"] =
        std::chrono::duration<double>{age(service.oldest_unsettled(), now)}.count();
  }
  if (service.drained_in() != 0)
    json["drained_in_seconds"] = std::chrono::duration<double>{duration_of(service.drained_in())}.count();
  if (service.paused_until() > now) {
    const bool ends = service.paused_until() != std::numeric_limits<std::uint64_t>::max();
    json["paused_until"] = ends ? Json(rfc3339(service.paused_until())) : Json("resumed");
    json["paused_by"] = service.paused_by();
  }
  return json;
}

std::vector<Cell> service_row(const Service& service, std::uint64_t now) {
  std::string patterns;
  for (const std::string& pattern : service.patterns()) patterns += (patterns.empty() ? "" : ", ") + pattern;
  const bool absent = service.instances().empty();
  const auto oldest = service.oldest_unsettled();
  const auto problem = [](std::uint64_t count, Ink ink) {
    return Cell{std::to_string(count), count > 0 ? ink : Ink::plain};
  };
  return {{service.service()},
          {std::to_string(service.instances_size()), absent ? Ink::red : Ink::plain},
          // A lower bound while the broker reads this service's events from the journal.
          {std::to_string(service.waiting()) + (service.behind() ? "+" : "")},
          {std::to_string(service.in_flight())},
          {oldest == 0 ? "" : elapsed_text(age(oldest, now))},
          {service.drained_in() == 0 ? "" : elapsed_text(duration_of(service.drained_in()))},
          problem(service.retrying(), Ink::yellow),
          problem(service.parked(), Ink::yellow),
          problem(service.dead(), Ink::red),
          problem(service.expired(), Ink::yellow),
          {std::to_string(service.acked())},
          {std::to_string(service.nacked())},
          {paused_text(service, now), Ink::yellow},
          {failed_checks_text(service), Ink::red},
          {patterns}};
}

int run_services(Invocation& invocation) {
  v1::Request request;
  request.mutable_services();
  const v1::Reply reply = ask_broker(invocation.globals, request);
  const v1::ServicesReply& services = reply.services();
  if (invocation.globals.json) {
    for (const Service& service : services.services())
      invocation.out.line(line_of(service_json(service, services.now())));
    return exit_code::ok;
  }
  if (services.services().empty()) {
    invocation.err.line("no services");
    return exit_code::ok;
  }
  Table table{{"SERVICE"},
              {"INSTANCES", Align::right},
              {"WAITING", Align::right},
              {"IN FLIGHT", Align::right},
              {"OLDEST", Align::right},
              {"DRAINED IN", Align::right},
              {"RETRYING", Align::right},
              {"PARKED", Align::right},
              {"DEAD", Align::right},
              {"EXPIRED", Align::right},
              {"ACKED", Align::right},
              {"NACKED", Align::right},
              {"PAUSED"},
              {"FAILED CHECKS"},
              {"PATTERNS"}};
  for (const Service& service : services.services()) table.add(service_row(service, services.now()));
  invocation.out.lines(table.lines(invocation.out.terminal()));
  for (const Service& service : services.services())
    invocation.out.lines(failed_checks_lines(service, services.now()));
  return exit_code::ok;
}

}  // namespace

void add_services(CLI::App& app, Invocation& invocation) {
  auto* command =
      app.add_subcommand("services", "List services, their instances and what waits for them")->group("Look");
  command->callback([&invocation] { invocation.run = run_services; });
}

}  // namespace reel::cli
