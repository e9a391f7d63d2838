// alerts: who is told when something is overdue or broken, and how it is noticed that nobody watches any
// more.
//
// Each target is a service of its own, so this also says how deliveries to it are treated where `services`
// does not: a receiver that is away is tried for a working day, in minutes rather than milliseconds.
#include <algorithm>

#include "config/http_url.h"
#include "config/pattern_value.h"
#include "config/sections.h"
#include "config/service_name.h"
#include "reel/v1/flow.pb.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

// Each takes two of the services that may run in one process, which are 64.
constexpr std::size_t alert_targets_max = 30;
constexpr std::size_t labels_max = 16;
constexpr std::size_t label_bytes_max = 256;

// Six hours: until somebody comes to work.
constexpr int alert_attempts = 76;
const std::vector<milliseconds> alert_backoff{1s, 5s, 15s, 1min, 5min};
// How long a handler may take beyond the target's own timeout: it may ask the tracker first, and wait until
// an earlier alert of the same target is through.
constexpr auto handling_margin = 60s;
// A snooze lasts at most 30 days, and the alert after it may have to be tried for some.
constexpr auto snoozed_max_age = 24h * 60;

Service policy_for(const AlertTarget& target) {
  Service policy;
  policy.ack_timeout = 2 * target.timeout + handling_margin;
  policy.retry.attempts = alert_attempts;
  policy.retry.backoff = alert_backoff;
  return policy;
}

// Exactly one of the three ways.
void read_way(Section& section, AlertTarget& target, const Loading& loading) {
  const auto webhook = section.find("webhook");
  const auto alertmanager = section.find("alertmanager");
  const auto exec = section.find("exec");
  if (int{webhook.has_value()} + int{alertmanager.has_value()} + int{exec.has_value()} != 1)
    return section.refuse_here("an alert target has exactly one of 'webhook', 'alertmanager' and 'exec'");
  if (webhook) read_url(*webhook, target.url);
  if (alertmanager) {
    target.by = AlertBy::alertmanager;
    read_url(*alertmanager, target.url);
    if (target.url.find('?') != std::string::npos)
      alertmanager->refuse_value("must end before /api/v2/alerts, as in http://127.0.0.1:9093");
  }
  if (exec) {
    target.by = AlertBy::exec;
    target.watchdog = false;  // a program a minute is asked for, or not wanted
    read_command(*exec, target.command, loading);
  }
}

void read_target(const std::string& name, const Value& value, Loading& loading) {
  const auto wrong = check_service_name(name);
  if (wrong || name.find('.') != name.npos)
    value.refuse_key("target name '" + shown(name) + "' is not valid: " +
                     wrong.value_or("it must not have a '.': its service is alerts.NAME"));
  else if (const auto long_name = check_service_name(AlertTarget::snoozed_service_of(name)))
    value.refuse_key("target name '" + shown(name) + "' is too long: its service is " +
                     AlertTarget::snoozed_service_of("NAME") + ", and " + *long_name);
  auto& target = loading.model.alerts.targets[name];
  target.place = value.key_place();
  auto section = value.section();
  read_way(section, target, loading);
  if (target.by == AlertBy::exec)
    section.refuse_beside({"headers"}, "is for a webhook or Alertmanager");
  else
    read_headers(section, target.headers);
  if (const auto when = section.find("when"))
    target.when = read_pattern(*when, v1::Incident::descriptor()).value_or("");
  section.read_duration("timeout", target.timeout, between(100ms, 5min));
  section.read_flag("watchdog", target.watchdog);

  loading.model.services[AlertTarget::service_of(name)] = policy_for(target);
  if (target.by == AlertBy::alertmanager) return;  // which hears of it with the next repeat
  auto& snoozed = loading.model.services[AlertTarget::snoozed_service_of(name)] = policy_for(target);
  snoozed.retry.max_age = snoozed_max_age;
}

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_labels(Section& section, std::map<std::string, std::string>& labels) {
  const auto value = section.find("labels");
  if (!value) return;
  auto body = value->section();
  const auto named = body.named();
  if (named.size() > labels_max)
    return value->refuse("'" + shown(value->path()) + "' has more than " + std::to_string(labels_max) +
                         " labels");
  for (const auto& [name, item] : named) {
    if (!is_label_name(name))
      item.refuse_key("label '" + shown(name) + "' is not one: letters, digits and _, no digit first");
    const auto text = item.text();
    if (text && text->size() > label_bytes_max)
      item.refuse("'" + shown(item.path()) + "' is longer than " + std::to_string(label_bytes_max) +
                  " bytes");
    if (text) labels[name] = *text;
  }
}

}  // namespace

void read_alerts(Section& root, Loading& loading) {
  auto& alerts = loading.model.alerts;
  auto section = root.section("alerts");
  section.read_duration("watchdog", alerts.watchdog, between(1s, 1h));
  section.read_duration("repeat", alerts.repeat, between(1s, 1h));
  read_labels(section, alerts.labels);
  auto targets = section.section("targets");
  const auto named = targets.named();
  if (named.size() > alert_targets_max)
    return named[alert_targets_max].second.refuse_key("more than " + std::to_string(alert_targets_max) +
                                                      " alert targets");
  for (const auto& [name, value] : named) read_target(name, value, loading);
}

}  // namespace reel::config
