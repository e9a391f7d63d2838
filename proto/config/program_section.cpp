// broker, tracker, gateway: where each listens, where it keeps its state, and its limits. A limit's default
// and reason stand in the model; here is what it may be set to.
#include <limits>

#include "config/endpoint.h"
#include "config/sections.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
constexpr auto days = 24h;
constexpr auto long_ever = days * 3650;

// Where a setting stands, or would stand: a problem between two settings is shown at the later one.
struct Listening {
  std::string path;
  std::string endpoint;
  Place place;
};

using Check = std::optional<std::string> (*)(std::string_view);

Listening read_listen(Section& section, const std::string& name, std::string_view key, std::string& target,
                      Check check) {
  const auto path = name + "." + std::string{key};
  const auto value = section.find(key);
  if (!value) return {path, target, section.place()};
  if (const auto text = value->text()) {
    const auto wrong = check(*text);
    if (wrong) {
      value->refuse_value(*wrong);
      return {path, "", value->place()};
    }
    target = *text;
  }
  return {path, target, value->place()};
}

void read_journal(Section& section, Journal& journal) {
  if (const auto sync = section.find("sync")) {
    const auto text = sync->text();
    if (text == "always") {
      journal.sync = Sync::always;
    } else if (text == "interval") {
      journal.sync = Sync::interval;
    } else if (text == "os") {
      journal.sync = Sync::os;
    } else if (text) {
      sync->refuse_value("must be always, interval or os");
    }
  }
  section.read_duration("sync_interval", journal.sync_interval, between(1ms, 1min));
  section.read_size("segment_bytes", journal.segment_bytes, {1 * mib, 4 * gib});
  section.read_duration("retain", journal.retain, between(1s, long_ever));
  section.read_size("retain_bytes", journal.retain_bytes, {2 * mib, 1024 * 1024 * gib});
  if (journal.retain_bytes < 2 * journal.segment_bytes) {
    section.refuse_at({"retain_bytes", "segment_bytes"},
                      "'broker.journal.retain_bytes' is " + to_text(sizes, journal.retain_bytes) +
                          ", must hold two segments of " + to_text(sizes, journal.segment_bytes));
  }
}

void read_limits(Section& section, Broker& broker) {
  constexpr std::uint64_t window_max = 1 * gib;
  section.read_size("event_bytes_max", broker.event_bytes_max, {1 * kib, 64 * mib});
  section.read_size("batch_bytes_max", broker.batch_bytes_max, {64 * kib, 256 * mib});
  section.read_size("publish_window_bytes", broker.publish_window_bytes, {64 * kib, window_max});
  section.read_count("publish_window_batches", broker.publish_window_batches, {1, 65'536});
  section.read_size("tail_bytes_max", broker.tail_bytes_max, {1 * mib, 64 * gib});
  section.read_count("service_window_events_max", broker.service_window_events_max, {100, 10'000'000});
  section.read_count("service_parked_events_max", broker.service_parked_events_max, {1, 100'000'000});
  section.read_count("services_max", broker.services_max, {1, 100'000});
  section.read_count("sessions_max", broker.sessions_max, {1, 1'000'000});
  section.read_duration("service_timeout", broker.service_timeout, between(100ms, 1h));
  section.read_duration("beat_interval", broker.beat_interval, between(10ms, 10min));
  section.read_duration("dedup_window", broker.dedup_window, between(1s, days * 7));
  section.read_count("dedup_ids_max", broker.dedup_ids_max, {1'000, 100'000'000});
  section.read_count("delayed_events_max", broker.delayed_events_max, {1, 100'000'000});
  section.read_count("snapshot_events", broker.snapshot_events, {1'000, 1'000'000'000});
}

std::string duration_text(milliseconds duration) {
  return to_text(durations, static_cast<std::uint64_t>(duration.count()));
}

void check_limits(const Section& section, const Broker& broker) {
  if (broker.batch_bytes_max < broker.event_bytes_max) {
    section.refuse_at({"batch_bytes_max", "event_bytes_max"},
                      "'broker.batch_bytes_max' is " + to_text(sizes, broker.batch_bytes_max) +
                          ", must hold one event of " + to_text(sizes, broker.event_bytes_max));
  }
  if (broker.publish_window_bytes < broker.batch_bytes_max) {
    section.refuse_at({"publish_window_bytes", "batch_bytes_max"},
                      "'broker.publish_window_bytes' is " + to_text(sizes, broker.publish_window_bytes) +
                          ", must hold one batch of " + to_text(sizes, broker.batch_bytes_max));
  }
  if (broker.beat_interval * 2 > broker.service_timeout) {
    section.refuse_at({"beat_interval", "service_timeout"},
                      "'broker.beat_interval' is " + duration_text(broker.beat_interval) +
                          ", must be at most half of 'broker.service_timeout', which is " +
                          duration_text(broker.service_timeout) + ", or one late beat is taken for a death");
  }
}

bool is_host_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  return !name.empty() && name.size() <= 253 && name.find_first_not_of(allowed) == name.npos;
}

void read_hosts(Section& section, Gateway& gateway) {
  for (const auto& item : section.list("hosts")) {
    const auto name = item.text();
    if (!name) continue;
    if (is_host_name(*name)) {
      gateway.hosts.push_back(*name);
    } else {
      item.refuse_value("must be a host's name in lower case, without a port");
    }
  }
}

void read_limits(Section& section, Gateway& gateway) {
  section.read_count("connections_max", gateway.connections_max, {8, 100'000});
  section.read_size("header_bytes_max", gateway.header_bytes_max, {4 * kib, 1 * mib});
  section.read_size("body_bytes_max", gateway.body_bytes_max, {1 * kib, 256 * mib});
  section.read_size("bodies_bytes_max", gateway.bodies_bytes_max, {1 * mib, 64 * gib});
  section.read_duration("header_timeout", gateway.header_timeout, between(100ms, 10min));
  section.read_duration("body_timeout", gateway.body_timeout, between(100ms, 1h));
  section.read_duration("idle_timeout", gateway.idle_timeout, between(100ms, 24h));
  section.read_duration("write_timeout", gateway.write_timeout, between(100ms, 1h));
  section.read_count("requests_per_connection_max", gateway.requests_per_connection_max, {1, 1'000'000'000});
  section.read_count("batch_events_max", gateway.batch_events_max, {1, 1'000'000});
  section.read_duration("publish_timeout", gateway.publish_timeout, between(100ms, 10min));
  section.read_count("queries_max", gateway.queries_max, {1, 1'000});
  section.read_count("queries_waiting_max", gateway.queries_waiting_max, {1, 100'000});
  section.read_count("waits_max", gateway.waits_max, {1, 1'000});
  section.read_count("streams_max", gateway.streams_max, {1, 100'000});
  section.read_count("stream_subscriptions_max", gateway.stream_subscriptions_max, {1, 1'000});
  section.read_size("stream_backlog_bytes", gateway.stream_backlog_bytes, {64 * kib, 1 * gib});
  section.read_duration("stream_beat", gateway.stream_beat, between(100ms, 10min));
  section.read_duration("ready_lag", gateway.ready_lag, between(1s, 24h));
  if (gateway.bodies_bytes_max < gateway.body_bytes_max) {
    section.refuse_at({"bodies_bytes_max", "body_bytes_max"},
                      "'gateway.bodies_bytes_max' is " + to_text(sizes, gateway.bodies_bytes_max) +
                          ", must hold one body of " + to_text(sizes, gateway.body_bytes_max));
  }
}

void check_distinct(const std::vector<Listening>& all, Problems& problems) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool chosen_by_system = all[i].endpoint.ends_with(":*");
      if (all[i].endpoint.empty() || chosen_by_system || all[i].endpoint != all[j].endpoint) continue;
      const auto& later = std::pair{all[i].place.line, all[i].place.column} <
                                  std::pair{all[j].place.line, all[j].place.column}
                              ? all[j]
                              : all[i];
      problems.add(later.place,
                   "'" + all[j].path + "' and '" + all[i].path + "' are both " + shown(all[i].endpoint));
    }
  }
}

}  // namespace

void read_programs(Section& root, Loading& loading) {
  auto& broker = loading.model.broker;
  auto& tracker = loading.model.tracker;
  auto& gateway = loading.model.gateway;
  std::vector<Listening> listening;
  {
    auto section = root.section("broker");
    listening.push_back(read_listen(section, "broker", "listen", broker.listen, check_endpoint));
    listening.push_back(read_listen(section, "broker", "live", broker.live, check_endpoint));
    section.read_text("data", broker.data);
    auto journal = section.section("journal");
    read_journal(journal, broker.journal);
    read_limits(section, broker);
    check_limits(section, broker);
  }
  {
    auto section = root.section("tracker");
    listening.push_back(read_listen(section, "tracker", "listen", tracker.listen, check_endpoint));
    tracker.data = (std::filesystem::path{broker.data} / "tracker").string();
    section.read_text("data", tracker.data);
    section.read_duration("retain", tracker.retain, between(1min, long_ever));
    section.read_duration("checkpoint_interval", tracker.checkpoint_interval, between(10ms, 1min));
  }
  {
    auto section = root.section("gateway");
    listening.push_back(read_listen(section, "gateway", "listen", gateway.listen, check_address));
    listening.back().endpoint.insert(0, listening.back().endpoint.empty() ? "" : "tcp://");
    read_hosts(section, gateway);
    read_limits(section, gateway);
  }
  check_distinct(listening, loading.problems);
  broker.data = resolved(broker.data, loading);
  tracker.data = resolved(tracker.data, loading);
}

}  // namespace reel::config
