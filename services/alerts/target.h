// One target: takes a notice to it, in the form that it reads, and says what became of that.
//
//   const Target target{"ops", model.alerts};
//   const Sent sent = target.tell({notice}, stop);
//
// Any thread.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "alerts/notice.h"
#include "alerts/sent.h"
#include "config/model.h"

namespace reel::alerts {

class Target {
 public:
  /// `alerts` must outlive this, and have a target of that name. Throws std::runtime_error where a header's
  /// value is in no environment variable, or cannot be sent.
  Target(std::string name, const config::Alerts& alerts);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const config::AlertTarget& settings() const { return *settings_; }
  [[nodiscard]] bool forgets() const { return settings_->by == config::AlertBy::alertmanager; }

  /// Several at once where it forgets; otherwise one.
  [[nodiscard]] Sent tell(std::vector<Notice> notices, std::stop_token stop) const;

  /// What would be sent: the body, and before it what is said beside it. For people.
  [[nodiscard]] std::string shown(Notice notice) const;

 private:
  [[nodiscard]] std::string body_of(const std::vector<Notice>& notices) const;
  [[nodiscard]] std::string address() const;

  std::string name_;
  const config::Alerts* alerts_;
  const config::AlertTarget* settings_;
  config::HttpHeaders headers_;  // with their values
};

}  // namespace reel::alerts
