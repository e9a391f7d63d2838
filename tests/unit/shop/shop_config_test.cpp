// configs/shop.yaml is the demo and the reference: it must load, and what it shows must be true.
#include <doctest/doctest.h>

#include <string>

#include "config/load.h"
#include "event/schema_set.h"

namespace {

namespace config = reel::config;

const std::string path = REEL_SOURCE_DIR "/configs/shop.yaml";

config::Schemas compile(const std::vector<std::string>& paths) {
  config::Schemas compiled;
  const auto loaded = reel::load_schemas(paths);
  for (const auto& name : loaded.schemas.type_names()) compiled.types.insert(name);
  compiled.types.insert("reel.v1.FlowOverdue");
  for (const auto& problem : loaded.problems) compiled.problems.push_back(problem.text());
  return compiled;
}

/// The settings of the file that are not their defaults, by name.
class Deviations {
 public:
  template <class T>
  void compare(const char* name, const T& shown, const T& standard) {
    if (shown != standard) names_ += (names_.empty() ? "" : ", ") + std::string{name};
  }
  [[nodiscard]] const std::string& names() const { return names_; }

 private:
  std::string names_;
};

}  // namespace

TEST_CASE("the demo's configuration is valid, down to the types of its topics") {
  const config::Model model = config::load(path, compile);
  CHECK(model.topics.size() == 14);
  CHECK(model.topics.at("order.placed").type == "shop.v1.OrderPlaced");
  CHECK_FALSE(model.topics.at("price.tick").durable);
  CHECK(model.flows.at("order-fulfilment").expect.size() == 6);
  CHECK(model.flows.at("order-fulfilment").end.empty());
  CHECK(model.flows.at("refund").start.empty());
}

TEST_CASE("the reference shows each setting's default, but for those a demo needs otherwise") {
  const config::Model model = config::load(path, compile);
  const config::Broker& broker = model.broker;
  const config::Broker usual;
  Deviations found;
  found.compare("listen", broker.listen, usual.listen);
  found.compare("live", broker.live, usual.live);
  found.compare("journal.sync", broker.journal.sync, usual.journal.sync);
  found.compare("journal.sync_interval", broker.journal.sync_interval, usual.journal.sync_interval);
  found.compare("journal.segment_bytes", broker.journal.segment_bytes, usual.journal.segment_bytes);
  found.compare("journal.retain", broker.journal.retain, usual.journal.retain);
  found.compare("journal.retain_bytes", broker.journal.retain_bytes, usual.journal.retain_bytes);
  found.compare("event_bytes_max", broker.event_bytes_max, usual.event_bytes_max);
  found.compare("batch_bytes_max", broker.batch_bytes_max, usual.batch_bytes_max);
  found.compare("publish_window_bytes", broker.publish_window_bytes, usual.publish_window_bytes);
  found.compare("publish_window_batches", broker.publish_window_batches, usual.publish_window_batches);
  found.compare("tail_bytes_max", broker.tail_bytes_max, usual.tail_bytes_max);
  found.compare("service_window_events_max", broker.service_window_events_max,
                usual.service_window_events_max);
  found.compare("services_max", broker.services_max, usual.services_max);
  found.compare("sessions_max", broker.sessions_max, usual.sessions_max);
  found.compare("service_timeout", broker.service_timeout, usual.service_timeout);
  found.compare("beat_interval", broker.beat_interval, usual.beat_interval);
  found.compare("dedup_window", broker.dedup_window, usual.dedup_window);
  found.compare("dedup_ids_max", broker.dedup_ids_max, usual.dedup_ids_max);
  const config::Tracker tracker;
  found.compare("tracker.listen", model.tracker.listen, tracker.listen);
  found.compare("tracker.retain", model.tracker.retain, tracker.retain);
  found.compare("tracker.checkpoint_interval", model.tracker.checkpoint_interval,
                tracker.checkpoint_interval);
  CHECK(found.names() == "journal.segment_bytes, service_timeout, beat_interval");

  const config::Service& orders = model.services.at("orders");
  const config::Service service;
  CHECK(orders.ack_timeout == service.ack_timeout);
  CHECK(orders.retry.attempts == service.retry.attempts);
  CHECK(orders.retry.backoff == service.retry.backoff);
  CHECK(orders.retry.jitter == doctest::Approx(service.retry.jitter));
}
