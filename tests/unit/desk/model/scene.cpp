#include "scene.h"

#include <chrono>

#include "claims.h"

namespace reel::broker::test {
namespace {

config::Model model_of(const Load& load) {
  using std::chrono::milliseconds;
  config::Model model;
  for (const auto* topic : {"order.placed", "order.paid", "order.large", "order.shipped"})
    model.topics[topic] = {.type = "google.protobuf.StringValue"};
  model.topics["alert.raised"] = {.type = "google.protobuf.StringValue"};
  model.topics["alert.raised"].require_subscriber = true;
  model.topics["price.seen"] = {.type = "google.protobuf.StringValue", .durable = false};
  model.routes.push_back({.from = "order.placed", .to = "order.large", .when = only_vip});
  auto& payments = model.services["payments"];
  payments.on_dead = config::OnDead::park;
  payments.ack_timeout = milliseconds{20};
  payments.retry = {.attempts = 3, .backoff = {milliseconds{2}, milliseconds{9}}, .jitter = 0};
  auto& stock = model.services["stock"];
  stock.ack_timeout = milliseconds{70};
  stock.max_in_flight = 5;
  stock.retry = {
      .attempts = 4, .backoff = {milliseconds{1}, milliseconds{6}}, .jitter = 0, .max_age = milliseconds{15}};
  if (load.limits) {
    payments.breaker = {.failures = 2, .pause = milliseconds{15}};
    stock.max_rate_per_s = 150;
  }
  auto& mail = model.services["mail"];
  mail.exclusive = true;
  mail.ack_timeout = milliseconds{100};
  mail.retry = {.attempts = 2, .backoff = {milliseconds{0}}, .jitter = 0};
  model.broker.service_timeout = milliseconds{40};
  model.broker.dedup_window = milliseconds{200};
  model.broker.service_window_events_max = load.window_events_max;
  model.broker.service_parked_events_max = load.parked_events_max;
  model.broker.tail_bytes_max = load.tail_bytes_max;
  model.broker.journal = {.sync = config::Sync::os, .segment_bytes = 32 << 10, .retain = milliseconds{1}};
  return model;
}

}  // namespace

std::set<std::string> patterns_of(const std::string& service) {
  if (service == "payments") return {"order.placed", "order.large"};
  if (service == "stock") return {"order.*"};
  return {"alert.*", "order.>"};
}

std::set<std::string> Scene::some_patterns_of(const std::string& service) {
  static const std::map<std::string, std::vector<std::set<std::string>>> others{
      {"payments", {{"order.placed"}, {"order.large"}, {"order.placed", "order.paid"}}},
      {"stock", {{"order.placed", "order.paid"}, {"order.shipped"}, {"order.*", "order.paid"}}}};
  const auto found = others.find(service);
  if (!load.changes || found == others.end() || one_in(2)) return patterns_of(service);
  return any(found->second);
}

Scene::Scene(const Load& wanted) : load{wanted}, world{model_of(load)}, naive{model_of(load)} {
  naive.now = world.now();
  for (const auto& service : {"payments", "stock", "mail"}) {
    naive.services[service].policy = model_of(load).services.at(service);
  }
  naive.services["mail"].subject = "vip";
}

std::string Scene::some_service() {
  static const std::vector<std::string> names{"payments", "stock", "mail"};
  return names[upto(2)];
}

void Scene::looks(std::string found) {
  if (found.empty()) {
    world.runs();
    found = naive.sees(world);
    auto log = naive.take_read();
    whole_log.insert(whole_log.end(), std::make_move_iterator(log.begin()),
                     std::make_move_iterator(log.end()));
  }
  if (found.empty() && !world.stalled() && ++looks_ % 8 == 0) found = wrong_services(world, naive);
  if (found.empty() && !world.stalled()) found = wrong_fates(world, naive, places_to_ask());
  if (wrong.empty()) wrong = std::move(found);
}

std::vector<Place> Scene::places_to_ask() {
  std::vector<Place> places;
  for (const auto& [name, service] : naive.services) {
    for (const auto& owed : service.line) {
      if (places.size() < 16) places.push_back(owed.place);
    }
  }
  // What is long over has to be read, which is what takes time here.
  if (!naive.log.empty()) places.push_back(upto(naive.log.size() - 1));
  return places;
}

}  // namespace reel::broker::test
