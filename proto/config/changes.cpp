#include "config/changes.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "config/flow_text.h"

namespace reel::config {
namespace {

class Differences {
 public:
  template <typename T>
  void compare(const std::string& what, const T& before, const T& after, Program program, Taking taking) {
    if (!(before == after)) add(what, program, taking);
  }
  void add(std::string what, Program program, Taking taking) {
    changes.push_back({std::move(what), program, taking});
  }
  /// Each name of either: `both` is asked about those of both, `one` about the others, and what became of
  /// them.
  template <typename Map, typename Both, typename One>
  void each(const Map& before, const Map& after, const Both& both, const One& one) {
    std::set<std::string> names;
    for (const auto& [name, value] : before) names.insert(name);
    for (const auto& [name, value] : after) names.insert(name);
    for (const auto& name : names) {
      const auto was = before.find(name);
      const auto is = after.find(name);
      if (was != before.end() && is != after.end()) {
        both(name, was->second, is->second);
      } else {
        one(name, was == before.end() ? is->second : was->second,
            was == before.end() ? ": added" : ": removed");
      }
    }
  }

  std::vector<Change> changes;
};

// What the gateway reads of topics: it checks what comes in over HTTP by itself.
void compare_topics(const Model& before, const Model& after, Differences& to) {
  const bool types_change = before.schemas != after.schemas;
  to.compare("schemas", before.schemas, after.schemas, Program::broker, Taking::at_once);
  bool gateway = types_change;
  to.each(
      before.topics, after.topics,
      [&](const std::string& name, const Topic& was, const Topic& is) {
        const auto key = "topics." + name + ".";
        to.compare(key + "type", was.type, is.type, Program::broker, Taking::restart);
        to.compare(key + "durable", was.durable, is.durable, Program::broker, Taking::at_once);
        to.compare(key + "require_subscriber", was.require_subscriber, is.require_subscriber, Program::broker,
                   Taking::at_once);
        to.compare(key + "importance", was.importance, is.importance, Program::broker, Taking::at_once);
        to.compare(key + "publishers", was.publishers, is.publishers, Program::broker, Taking::at_once);
      },
      [&](const std::string& name, const Topic&, const char* became) {
        to.add("topics." + name + became, Program::broker, Taking::at_once);
        gateway = true;
      });
  if (gateway) to.add("topics", Program::gateway, Taking::restart);
}

void compare_routes(const Model& before, const Model& after, Differences& to) {
  const auto words = [](const std::vector<Route>& routes) {
    std::vector<std::tuple<std::string, std::string, std::string>> all;
    for (const auto& route : routes) all.emplace_back(route.from, route.to, route.when);
    return all;
  };
  to.compare("routes", words(before.routes), words(after.routes), Program::broker, Taking::at_once);
}

bool same(const Adapter& a, const Adapter& b) {
  return a.by == b.by && a.url == b.url && a.command == b.command && a.when == b.when &&
         a.timeout == b.timeout && a.at_once == b.at_once && a.mode == b.mode && a.headers == b.headers;
}

void compare_service(const std::string& name, const Service& was, const Service& is, Differences& to) {
  const auto key = "services." + name + ".";
  to.compare(key + "ack_timeout", was.ack_timeout, is.ack_timeout, Program::broker, Taking::at_once);
  to.compare(key + "retry", was.retry, is.retry, Program::broker, Taking::at_once);
  to.compare(key + "max_in_flight", was.max_in_flight, is.max_in_flight, Program::broker, Taking::at_once);
  to.compare(key + "breaker", was.breaker, is.breaker, Program::broker, Taking::at_once);
  to.compare(key + "behind_after", was.behind_after, is.behind_after, Program::broker, Taking::at_once);
  to.compare(key + "max_rate_per_s", was.max_rate_per_s, is.max_rate_per_s, Program::broker, Taking::at_once);
  to.compare(key + "dead_letters_max", was.dead_letters_max, is.dead_letters_max, Program::broker,
             Taking::at_once);
  // What is parked, and who has stood by, is known to a service from its begin.
  to.compare(key + "on_dead", was.on_dead, is.on_dead, Program::broker, Taking::restart);
  to.compare(key + "exclusive", was.exclusive, is.exclusive, Program::broker, Taking::restart);
  const bool was_adapter = was.adapter.has_value();
  const bool is_adapter = is.adapter.has_value();
  const bool both = was_adapter && is_adapter;
  if (was_adapter != is_adapter || (both && (!same(*was.adapter, *is.adapter) || was.topics != is.topics)))
    to.add("services." + name, Program::adapters, Taking::restart);
  if (!was_adapter && !is_adapter)
    to.compare(key + "topics", was.topics, is.topics, Program::broker, Taking::at_once);
}

void compare_services(const Model& before, const Model& after, Differences& to) {
  std::map<std::string, Service> names;
  for (const auto& [name, service] : before.services) names.emplace(name, Service{});
  for (const auto& [name, service] : after.services) names.emplace(name, Service{});
  // One that the file says nothing about has the defaults.
  for (const auto& [name, service] : names)
    compare_service(name, before.policy_of(name), after.policy_of(name), to);
}

void compare_flows(const Model& before, const Model& after, Differences& to) {
  to.each(
      before.flows, after.flows,
      [&](const std::string& name, const Flow& was, const Flow& is) {
        if (text_of(was) != text_of(is))
          to.add("flows." + name + ": new version", Program::tracker, Taking::at_once);
      },
      [&](const std::string& name, const Flow&, const char* became) {
        to.add("flows." + name + became, Program::tracker, Taking::at_once);
      });
}

void compare_broker(const Broker& was, const Broker& is, Differences& to) {
  const auto at_once = [&](const char* key, const auto& before, const auto& after) {
    to.compare(std::string{"broker."} + key, before, after, Program::broker, Taking::at_once);
  };
  const auto restart = [&](const char* key, const auto& before, const auto& after) {
    to.compare(std::string{"broker."} + key, before, after, Program::broker, Taking::restart);
  };
  restart("listen", was.listen, is.listen);
  restart("live", was.live, is.live);
  restart("data", was.data, is.data);
  restart("journal.sync", was.journal.sync, is.journal.sync);
  restart("journal.sync_interval", was.journal.sync_interval, is.journal.sync_interval);
  restart("journal.segment_bytes", was.journal.segment_bytes, is.journal.segment_bytes);
  at_once("journal.retain", was.journal.retain, is.journal.retain);
  at_once("journal.retain_bytes", was.journal.retain_bytes, is.journal.retain_bytes);
  at_once("event_bytes_max", was.event_bytes_max, is.event_bytes_max);
  // Clients have been told these.
  restart("batch_bytes_max", was.batch_bytes_max, is.batch_bytes_max);
  restart("publish_window_bytes", was.publish_window_bytes, is.publish_window_bytes);
  restart("publish_window_batches", was.publish_window_batches, is.publish_window_batches);
  restart("service_timeout", was.service_timeout, is.service_timeout);
  restart("beat_interval", was.beat_interval, is.beat_interval);
  at_once("tail_bytes_max", was.tail_bytes_max, is.tail_bytes_max);
  restart("service_window_events_max", was.service_window_events_max, is.service_window_events_max);
  restart("service_parked_events_max", was.service_parked_events_max, is.service_parked_events_max);
  at_once("services_max", was.services_max, is.services_max);
  at_once("sessions_max", was.sessions_max, is.sessions_max);
  at_once("dedup_window", was.dedup_window, is.dedup_window);
  at_once("dedup_ids_max", was.dedup_ids_max, is.dedup_ids_max);
  at_once("delayed_events_max", was.delayed_events_max, is.delayed_events_max);
  at_once("snapshot_events", was.snapshot_events, is.snapshot_events);
}

void compare_tracker(const Tracker& was, const Tracker& is, Differences& to) {
  to.compare("tracker.listen", was.listen, is.listen, Program::tracker, Taking::restart);
  to.compare("tracker.data", was.data, is.data, Program::tracker, Taking::restart);
  to.compare("tracker.retain", was.retain, is.retain, Program::tracker, Taking::at_once);
  to.compare("tracker.checkpoint_interval", was.checkpoint_interval, is.checkpoint_interval, Program::tracker,
             Taking::at_once);
}

bool same(const AlertTarget& a, const AlertTarget& b) {
  return a.by == b.by && a.url == b.url && a.command == b.command && a.when == b.when &&
         a.timeout == b.timeout && a.watchdog == b.watchdog && a.headers == b.headers;
}

void compare_alerts(const Alerts& was, const Alerts& is, Differences& to) {
  const bool targets =
      was.targets.size() == is.targets.size() &&
      std::equal(was.targets.begin(), was.targets.end(), is.targets.begin(),
                 [](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); });
  if (!targets || was.watchdog != is.watchdog || was.repeat != is.repeat || was.labels != is.labels)
    to.add("alerts", Program::alerts, Taking::restart);
}

}  // namespace

std::string_view name_of(Program program) {
  switch (program) {
    case Program::broker: return "reel-broker";
    case Program::tracker: return "reel-tracker";
    case Program::gateway: return "reel-gateway";
    case Program::alerts: return "reel-alerts";
    case Program::adapters: return "reel-adapters";
  }
  return "";
}

std::vector<Change> changes_between(const Model& before, const Model& after) {
  Differences to;
  compare_topics(before, after, to);
  compare_routes(before, after, to);
  compare_services(before, after, to);
  compare_flows(before, after, to);
  compare_broker(before.broker, after.broker, to);
  compare_tracker(before.tracker, after.tracker, to);
  to.compare("gateway", before.gateway, after.gateway, Program::gateway, Taking::restart);
  to.compare("traces", before.traces, after.traces, Program::gateway, Taking::restart);
  compare_alerts(before.alerts, after.alerts, to);
  return std::move(to.changes);
}

std::vector<std::string> changes_of(const std::vector<Change>& changes, Program program, Taking taking) {
  std::vector<std::string> texts;
  for (const Change& change : changes) {
    if (change.program == program && change.taking == taking) texts.push_back(change.what);
  }
  return texts;
}

std::vector<std::string> restarts_of(const std::vector<Change>& changes) {
  std::vector<std::string> texts;
  for (const Change& change : changes) {
    if (change.program == Program::broker || change.program == Program::tracker) continue;
    texts.push_back(std::string{name_of(change.program)} + ": " + change.what);
  }
  return texts;
}

std::vector<std::string> at_most(std::vector<std::string> changes, std::size_t most) {
  if (changes.size() <= most) return changes;
  const auto more = changes.size() - (most - 1);
  changes.resize(most - 1);
  changes.push_back("and " + std::to_string(more) + " more");
  return changes;
}

}  // namespace reel::config
