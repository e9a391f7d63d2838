// Adapters: services of the file that an HTTP endpoint or a program handles the events of.
//
//   services:
//     crm: {webhook: "https://crm.example/events", topics: [order.*], timeout: 10s, retry: {attempts: 20},
//           headers: {Authorization: "Bearer ${CRM_TOKEN}"}}
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "config/pattern_value.h"
#include "config/sections.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

// Each takes threads and a connection to the broker in the one process that runs them.
constexpr std::size_t adapters_max = 50;
// As many as a process may reasonably run for one endpoint; more want a service of their own.
constexpr unsigned at_once_max = 64;

std::size_t adapters_in(const Model& model) {
  std::size_t count = 0;
  for (const auto& [name, service] : model.services) count += service.adapter ? 1 : 0;
  return count;
}

// What its `when` may ask for is known where it subscribes to one topic only.
const google::protobuf::Descriptor* type_for(const Service& service, const Loading& loading) {
  return service.topics.size() == 1 ? type_of(service.topics[0], loading) : nullptr;
}

void read_mode(Section& section, CloudEventsMode& mode) {
  const auto value = section.find("mode");
  const auto text = value ? value->text() : std::nullopt;
  if (!text) return;
  if (*text == "structured") {
    mode = CloudEventsMode::structured;
  } else if (*text == "binary") {
    mode = CloudEventsMode::binary;
  } else {
    value->refuse_value("must be structured or binary");
  }
}

}  // namespace

void read_adapter(Section& section, Service& service, const Loading& loading) {
  Adapter adapter;
  const auto webhook = section.find("webhook");
  const auto exec = section.find("exec");
  if (const auto when = section.find("when"))
    adapter.when = read_pattern(*when, type_for(service, loading)).value_or("");
  read_headers(section, adapter.headers);
  read_mode(section, adapter.mode);
  section.read_duration("timeout", adapter.timeout, between(100ms, 1h));
  section.read_count("at_once", adapter.at_once, {1, at_once_max});
  if (!webhook && !exec)
    return section.refuse_beside({"when", "timeout", "at_once", "headers", "mode"},
                                 "is for services with 'webhook' or 'exec'");

  if (webhook && exec) section.refuse_here("a service has 'webhook' or 'exec', not both");
  if (webhook) read_url(*webhook, adapter.url);
  if (exec) {
    section.refuse_beside({"headers", "mode"}, "is for services with 'webhook'");
    adapter.by = AdapterBy::exec;
    read_command(*exec, adapter.command, loading);
  }
  if (!section.has("topics"))
    section.refuse_here("a service with 'webhook' or 'exec' needs 'topics': what it subscribes to");
  // What it took may wait for one that is under way.
  if (!section.has("ack_timeout")) service.ack_timeout = std::max(service.ack_timeout, 2 * adapter.timeout);
  if (service.ack_timeout < adapter.timeout)
    section.refuse_at(
        {"timeout", "ack_timeout"},
        "'ack_timeout' must be at least 'timeout': the broker would give an event out again while "
        "it is being handled");
  if (adapters_in(loading.model) == adapters_max)
    section.refuse_here("more than " + std::to_string(adapters_max) + " services with 'webhook' or 'exec'");
  service.adapter = std::move(adapter);
}

}  // namespace reel::config
