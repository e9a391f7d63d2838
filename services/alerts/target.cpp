#include "alerts/target.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "alerts/alertmanager.h"
#include "alerts/environment.h"
#include "alerts/notice_json.h"
#include "outward/http_post.h"
#include "outward/program_run.h"

namespace reel::alerts {
namespace {

// Alertmanager's own paths begin where its `--web.external-url` ends.
std::string alertmanager_url(std::string base) {
  while (base.ends_with('/')) base.pop_back();
  return base + alertmanager_path;
}

}  // namespace

Target::Target(std::string name, const config::Alerts& alerts)
    : name_{std::move(name)}, alerts_{&alerts}, settings_{&alerts.targets.at(name_)} {
  // Once, when the program starts: what is wrong is said then, and not when something is on fire.
  try {
    headers_ = config::expanded(settings_->headers);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error{"alerts.targets." + name_ + ": " + error.what()};
  }
}

std::string Target::address() const {
  return forgets() ? alertmanager_url(settings_->url) : settings_->url;
}

std::string Target::body_of(const std::vector<Notice>& notices) const {
  if (!forgets()) return webhook_body(notices.at(0));
  // The beat lives for as many beats as what fires does for repeats.
  return alertmanager_body(notices,
                           notices.at(0).status == Status::watchdog ? alerts_->watchdog : alerts_->repeat);
}

Sent Target::tell(std::vector<Notice> notices, std::stop_token stop) const {
  for (auto& notice : notices) notice.labels = alerts_->labels;
  const auto body = body_of(notices);
  if (settings_->by == config::AlertBy::exec) {
    const auto end = outward::run_program({.command = settings_->command,
                                           .input = body + "\n",
                                           .environment = environment_of(notices.at(0)),
                                           .timeout = settings_->timeout},
                                          std::move(stop));
    return {end.ok(), end.sentence()};
  }
  const auto answer =
      outward::post({.url = address(), .body = body, .headers = headers_, .user_agent = "reel-alerts"},
                    {.timeout = settings_->timeout}, std::move(stop));
  return {answer.ok(), answer.sentence()};
}

std::string Target::shown(Notice notice) const {
  notice.labels = alerts_->labels;
  const auto body = body_of({notice});
  if (settings_->by != config::AlertBy::exec) {
    std::string head = "POST " + address() + "\n";
    for (const auto& [header, value] : headers_)
      head += header + ": (" + std::to_string(value.size()) + " bytes)\n";
    return head + body;
  }
  std::string text = "exec";
  for (const auto& item : settings_->command) text += " " + item;
  for (const auto& variable : environment_of(notice)) text += "\n" + variable;
  return text + "\n" + body;
}

}  // namespace reel::alerts
