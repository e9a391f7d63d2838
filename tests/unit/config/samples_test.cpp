// The sample configurations are the reference: they load, list every setting, and show its true default.
#include <doctest/doctest.h>

#include <set>

#include "config/yaml_tree.h"
#include "config_bench.h"

using namespace reel::config;

namespace {

const std::string production = REEL_CONFIGS "/production.yaml";

Model loaded(const std::string& path) {
  return load(path, knows({"google.protobuf.Struct", "google.protobuf.StringValue", "reel.v1.FlowOverdue"}));
}

// The keys below one section of production.yaml: "listen, journal, journal.sync, …".
std::set<std::string> keys_of(const Node& node, const std::string& prefix = "") {
  std::set<std::string> keys;
  for (const auto& entry : node.entries) {
    keys.insert(prefix + entry.key);
    keys.merge(keys_of(entry.node, prefix + entry.key + "."));
  }
  return keys;
}

std::set<std::string> production_keys(const std::string& section) {
  std::ifstream file{production};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  Problems problems{production, text};
  const Node root = parse_yaml(text, problems);
  for (const auto& entry : root.entries) {
    if (entry.key == section) return keys_of(entry.node);
  }
  return {};
}

}  // namespace

TEST_CASE("minimal.yaml is one topic, and loads") {
  const Model model = loaded(REEL_CONFIGS "/minimal.yaml");
  CHECK(model.topics.size() == 1);
  CHECK(model.topics.at("greeting.sent").type == "google.protobuf.StringValue");
}

TEST_CASE("production.yaml shows the defaults") {
  const Model model = loaded(production);
  Broker broker;
  broker.data = REEL_CONFIGS "/data";
  Tracker tracker;
  tracker.data = REEL_CONFIGS "/data/tracker";

  CHECK(model.broker.journal == Journal{});
  CHECK(model.broker == broker);
  CHECK(model.tracker == tracker);
  Gateway gateway;
  gateway.hosts = {"reel.example.com"};
  CHECK(model.gateway == gateway);
  CHECK(model.policy_of("payments").ack_timeout == Service{}.ack_timeout);
  auto retry = model.policy_of("payments").retry;
  CHECK(retry.by_error.size() == 2);
  retry.by_error.clear();
  CHECK(retry == Retry{});
  CHECK(model.policy_of("payments").on_dead == Service{}.on_dead);
  CHECK(model.policy_of("payments").max_in_flight == Service{}.max_in_flight);
  CHECK(model.policy_of("payments").exclusive == Service{}.exclusive);
  CHECK(model.topics.at("order.placed").durable == Topic{}.durable);
  CHECK(model.topics.at("order.placed").require_subscriber == Topic{}.require_subscriber);
  CHECK(model.topics.at("order.placed").importance == Topic{}.importance);
  CHECK(model.schemas == Model{}.schemas);
  CHECK(model.services.at("crm").adapter->timeout == Adapter{}.timeout);
  CHECK(model.services.at("crm").adapter->at_once == Adapter{}.at_once);
  CHECK(model.services.at("crm").adapter->mode == Adapter{}.mode);
  Traces traces;
  traces.url = "http://127.0.0.1:4318/v1/traces";
  traces.headers = {{"Authorization", "Bearer ${OTLP_TOKEN}"}};
  CHECK(model.traces == traces);
  CHECK(model.alerts.watchdog == Alerts{}.watchdog);
  CHECK(model.alerts.repeat == Alerts{}.repeat);
  CHECK(model.alerts.targets.at("ops").timeout == AlertTarget{}.timeout);
  CHECK(model.alerts.targets.at("ops").watchdog == AlertTarget{}.watchdog);
}

// Each binding names every member of a struct: a new one does not compile here until it stands in the list
// below it, and in production.yaml.
TEST_CASE("production.yaml lists every setting") {
  const Broker broker;
  [[maybe_unused]] const auto& [listen, live, data, journal, event_bytes_max, batch_bytes_max,
                                publish_window_bytes, publish_window_batches, tail_bytes_max,
                                service_window_events_max, service_parked_events_max, services_max,
                                sessions_max, service_timeout, beat_interval, dedup_window, dedup_ids_max,
                                delayed_events_max, snapshot_events] = broker;
  [[maybe_unused]] const auto& [sync, sync_interval, segment_bytes, retain, retain_bytes] = journal;
  CHECK(production_keys("broker") == std::set<std::string>{"listen",
                                                           "live",
                                                           "data",
                                                           "journal",
                                                           "journal.sync",
                                                           "journal.sync_interval",
                                                           "journal.segment_bytes",
                                                           "journal.retain",
                                                           "journal.retain_bytes",
                                                           "event_bytes_max",
                                                           "batch_bytes_max",
                                                           "publish_window_bytes",
                                                           "publish_window_batches",
                                                           "tail_bytes_max",
                                                           "service_window_events_max",
                                                           "service_parked_events_max",
                                                           "services_max",
                                                           "sessions_max",
                                                           "service_timeout",
                                                           "beat_interval",
                                                           "dedup_window",
                                                           "dedup_ids_max",
                                                           "delayed_events_max",
                                                           "snapshot_events"});

  const Tracker tracker;
  [[maybe_unused]] const auto& [tracker_listen, tracker_data, tracker_retain, checkpoint_interval] = tracker;
  CHECK(production_keys("tracker") ==
        std::set<std::string>{"listen", "data", "retain", "checkpoint_interval"});

  const Gateway gateway;
  [[maybe_unused]] const auto& [gateway_listen, hosts, connections_max, header_bytes_max, body_bytes_max,
                                bodies_bytes_max, header_timeout, body_timeout, idle_timeout, write_timeout,
                                requests_per_connection_max, batch_events_max, publish_timeout, queries_max,
                                queries_waiting_max, waits_max, streams_max, stream_subscriptions_max,
                                stream_backlog_bytes, stream_beat, ready_lag] = gateway;
  CHECK(production_keys("gateway") == std::set<std::string>{"listen",
                                                            "hosts",
                                                            "connections_max",
                                                            "header_bytes_max",
                                                            "body_bytes_max",
                                                            "bodies_bytes_max",
                                                            "header_timeout",
                                                            "body_timeout",
                                                            "idle_timeout",
                                                            "write_timeout",
                                                            "requests_per_connection_max",
                                                            "batch_events_max",
                                                            "publish_timeout",
                                                            "queries_max",
                                                            "queries_waiting_max",
                                                            "waits_max",
                                                            "streams_max",
                                                            "stream_subscriptions_max",
                                                            "stream_backlog_bytes",
                                                            "stream_beat",
                                                            "ready_lag"});

  const Service service;
  [[maybe_unused]] const auto& [topics, ack_timeout, retry, on_dead, max_in_flight, max_rate_per_s, breaker,
                                dead_letters_max, behind_after, exclusive, in_offset_order, adapter,
                                service_place] = service;
  [[maybe_unused]] const auto& [breaker_failures, breaker_pause] = breaker;
  const Adapter adapted;
  [[maybe_unused]] const auto& [adapter_by, adapter_url, adapter_command, adapter_when, adapter_headers,
                                adapter_mode, adapter_timeout, at_once] = adapted;
  [[maybe_unused]] const auto& [attempts, backoff, jitter, max_age, by_error] = retry;
  const ErrorRetry of_error;
  [[maybe_unused]] const auto& [error_type, its_attempts, its_backoff, its_max_age] = of_error;
  CHECK(production_keys("services") == std::set<std::string>{"payments",
                                                             "payments.topics",
                                                             "payments.ack_timeout",
                                                             "payments.retry",
                                                             "payments.retry.attempts",
                                                             "payments.retry.backoff",
                                                             "payments.retry.jitter",
                                                             "payments.retry.max_age",
                                                             "payments.retry.by_error",
                                                             "payments.retry.by_error.*Timeout*",
                                                             "payments.retry.by_error.*Timeout*.attempts",
                                                             "payments.retry.by_error.*Timeout*.backoff",
                                                             "payments.retry.by_error.*Timeout*.max_age",
                                                             "payments.retry.by_error.consumer_lost",
                                                             "payments.retry.by_error.consumer_lost.attempts",
                                                             "payments.on_dead",
                                                             "payments.max_in_flight",
                                                             "payments.max_rate_per_s",
                                                             "payments.breaker",
                                                             "payments.breaker.failures",
                                                             "payments.breaker.pause",
                                                             "payments.behind_after",
                                                             "payments.dead_letters_max",
                                                             "payments.exclusive",
                                                             "crm",
                                                             "crm.webhook",
                                                             "crm.topics",
                                                             "crm.when",
                                                             "crm.when.source",
                                                             "crm.headers",
                                                             "crm.headers.Authorization",
                                                             "crm.mode",
                                                             "crm.timeout",
                                                             "crm.at_once",
                                                             "labels",
                                                             "labels.exec",
                                                             "labels.topics"});

  const Topic topic;
  [[maybe_unused]] const auto& [type, durable, require_subscriber, publishers, importance, topic_place] =
      topic;
  const Route route;
  [[maybe_unused]] const auto& [from, to, when, route_place] = route;
  CHECK(production_keys("topics").contains("order.placed.require_subscriber"));
  CHECK(production_keys("topics").contains("order.placed.publishers"));
  CHECK(production_keys("topics").contains("order.placed.importance"));

  const Alerts alerts;
  [[maybe_unused]] const auto& [watchdog, repeat, labels, targets] = alerts;
  const AlertTarget target;
  [[maybe_unused]] const auto& [by, url, headers, command, target_when, timeout, target_watchdog,
                                target_place] = target;
  CHECK(production_keys("alerts") == std::set<std::string>{"watchdog",
                                                           "repeat",
                                                           "labels",
                                                           "labels.mesh",
                                                           "targets",
                                                           "targets.ops",
                                                           "targets.ops.webhook",
                                                           "targets.ops.headers",
                                                           "targets.ops.headers.X-Team",
                                                           "targets.ops.headers.Authorization",
                                                           "targets.ops.when",
                                                           "targets.ops.when.data",
                                                           "targets.ops.when.data.severity",
                                                           "targets.ops.timeout",
                                                           "targets.ops.watchdog",
                                                           "targets.metrics",
                                                           "targets.metrics.alertmanager",
                                                           "targets.page",
                                                           "targets.page.exec",
                                                           "targets.page.when",
                                                           "targets.page.when.data",
                                                           "targets.page.when.data.owner"});

  const Traces traces;
  [[maybe_unused]] const auto& [traces_url, traces_headers, sample, settle, traces_timeout, retry_for,
                                flows_waiting_max] = traces;
  CHECK(production_keys("traces") == std::set<std::string>{"otlp", "headers", "headers.Authorization",
                                                           "sample", "settle", "timeout", "retry_for",
                                                           "flows_waiting_max"});

  const Flow flow;
  [[maybe_unused]] const auto& [start, flow_when, expect, end, within, on_overdue_publish, correlate_by,
                                warn_at, severity, owner, runbook, flow_place] = flow;
  CHECK(production_keys("flows") ==
        std::set<std::string>{"order", "order.start", "order.when", "order.when.data",
                              "order.when.data.amount_cents", "order.expect", "order.correlate_by",
                              "order.correlate_by.order.closed", "order.warn_at", "order.severity",
                              "order.owner", "order.runbook", "order.end", "order.within", "order.on_overdue",
                              "order.on_overdue.publish"});
}
