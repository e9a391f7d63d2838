// services: how deliveries to each are treated, and what it is expected to subscribe to.
#include "config/service_name.h"

#include <algorithm>

#include "config/sections.h"
#include "event/pattern_rule.h"
#include "event/topic.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

// More steps than attempts that anyone waits for.
constexpr std::size_t backoff_steps_max = 32;
// Each failed attempt is compared with all of them.
constexpr std::size_t error_retries_max = 32;

void read_backoff(Section& section, std::vector<milliseconds>& target) {
  const auto value = section.find("backoff");
  if (!value) return;
  std::vector<milliseconds> steps;
  const auto items = value->list();
  for (const auto& item : items) {
    if (const auto step = item.duration(between(1ms, 24h * 7))) steps.push_back(*step);
  }
  if (items.size() > backoff_steps_max)
    value->refuse("'" + shown(value->path()) + "' has more than " + std::to_string(backoff_steps_max) +
                  " steps");
  if (!steps.empty()) target = std::move(steps);
}

constexpr Range attempts_range{1, 1'000};
constexpr auto max_age_range() {
  return between(1ms, 24h * 365);
}

// What a kind of errors does not say is as for all.
void read_error_retries(Section& retry, Retry& target) {
  const auto all = retry.find("by_error");
  if (!all) return;
  auto section = all->section();
  for (const auto& [error_type, value] : section.named()) {
    pattern::Wildcard wildcard;
    if (const auto wrong = pattern::Wildcard::parse(error_type, wildcard))
      value.refuse_key("error type '" + shown(error_type) + "' is not valid: " + *wrong);
    auto body = value.section();
    ErrorRetry of{.error_type = error_type,
                  .attempts = target.attempts,
                  .backoff = target.backoff,
                  .max_age = target.max_age};
    body.read_count("attempts", of.attempts, attempts_range);
    read_backoff(body, of.backoff);
    body.read_duration("max_age", of.max_age, max_age_range());
    target.by_error.push_back(std::move(of));
  }
  if (target.by_error.size() > error_retries_max)
    all->refuse("'" + shown(all->path()) + "' has more than " + std::to_string(error_retries_max) +
                " error types");
}

void read_on_dead(Section& section, OnDead& target) {
  const auto value = section.find("on_dead");
  const auto text = value ? value->text() : std::nullopt;
  if (!text) return;
  if (*text == "pass") {
    target = OnDead::pass;
  } else if (*text == "park") {
    target = OnDead::park;
  } else {
    value->refuse_value("must be pass or park");
  }
}

void read_patterns(Section& section, std::vector<std::string>& target, const Loading& loading) {
  for (const auto& item : section.list("topics")) {
    const auto pattern = item.text();
    if (!pattern) continue;
    if (const auto wrong = check_pattern(*pattern)) {
      item.refuse("pattern '" + shown(*pattern) + "' is not valid: " + *wrong);
      continue;
    }
    const bool is_plain = pattern->find_first_of("*>") == std::string::npos;
    const auto& topics = loading.model.topics;
    if (is_system_topic(*pattern)) {
      // The system's topics are in no list; those of a later version may be expected today.
    } else if (is_plain) {
      (void)read_topic_name(item, loading);
    } else if (loading.topics_known && std::none_of(topics.begin(), topics.end(), [&](const auto& topic) {
                 return matches(*pattern, topic.first);
               })) {
      item.refuse("pattern '" + shown(*pattern) + "' matches none of the topics");
    }
    target.push_back(*pattern);
  }
}

}  // namespace

void read_services(Section& root, Loading& loading) {
  auto section = root.section("services");
  for (const auto& [name, value] : section.named()) {
    if (const auto wrong = check_service_name(name))
      value.refuse_key("service name '" + shown(name) + "' is not valid: " + *wrong);
    auto& service = loading.model.services[name];
    service.place = value.key_place();
    auto body = value.section();
    read_patterns(body, service.topics, loading);
    body.read_duration("ack_timeout", service.ack_timeout, between(10ms, 24h));
    auto retry = body.section("retry");
    retry.read_count("attempts", service.retry.attempts, attempts_range);
    read_backoff(retry, service.retry.backoff);
    retry.read_share("jitter", service.retry.jitter);
    retry.read_duration("max_age", service.retry.max_age, max_age_range());
    read_error_retries(retry, service.retry);
    read_on_dead(body, service.on_dead);
    body.read_count("max_in_flight", service.max_in_flight, {1, 1'000'000});
    body.read_duration("behind_after", service.behind_after, between(1s, 24h));
    body.read_count("max_rate_per_s", service.max_rate_per_s, {0, 1'000'000});
    auto breaker = body.section("breaker");
    breaker.read_count("failures", service.breaker.failures, {0, 1'000'000});
    breaker.read_duration("pause", service.breaker.pause, between(10ms, 24h));
    body.read_count("dead_letters_max", service.dead_letters_max, {1, 10'000'000});
    body.read_flag("exclusive", service.exclusive);
    read_adapter(body, service, loading);
  }
}

}  // namespace reel::config
