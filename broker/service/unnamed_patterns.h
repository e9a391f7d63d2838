// The patterns of services that no instance names (any more), and for how long they are wanted all the same.
//
//   unnamed.left(service, pattern, now);   // the last instance that named it has left
//   unnamed.came(service, now);            // somebody serves it again, who may name other patterns
//   unnamed.decided(service, pattern);     // an instance names it
//   for (auto& service : unnamed.take_due(now)) …   // these have patterns that are given up
//
// Instances of a service may differ, and the first one that comes after a restart does not speak for those
// that are still on their way: were the others' patterns given up at once, so were the events that wait for
// them. So a pattern has a time of grace in which its service is served and nobody names it. The time in
// which nobody serves does not count. Only an instance that has named a pattern itself and now does not says
// that it is over, once whoever was on the way has come.
//
// Sans-IO; owned by Services.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "journal/stored_batch.h"

namespace reel::broker {

class UnnamedPatterns {
 public:
  explicit UnnamedPatterns(LogTime grace) : grace_{grace} {}

  void left(const std::string& service, const std::string& pattern, LogTime now);
  /// An instance names it, or the one that did says that it is over.
  void decided(const std::string& service, const std::string& pattern);
  /// The service's first instance is there.
  void came(const std::string& service, LogTime now);
  /// Its last one is not.
  void gone(const std::string& service);
  /// When the service's first instance came; 0: nobody is there.
  [[nodiscard]] LogTime came_at(const std::string& service) const;
  void forget(const std::string& service) { services_.erase(service); }

  /// Who was on the way has come: what an instance says about its own patterns holds at once.
  [[nodiscard]] bool all_have_come(const std::string& service, LogTime now) const;
  /// Still wanted, by when the last instance that named it left.
  [[nodiscard]] const std::map<std::string, LogTime>& of(const std::string& service) const;
  /// Services of which some are wanted no longer; these are forgotten.
  [[nodiscard]] std::vector<std::string> take_due(LogTime now);
  /// When take_due() has something to say.
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

 private:
  struct Service {
    LogTime came_at = 0;  ///< 0: nobody serves it
    std::map<std::string, LogTime> unnamed;
  };
  [[nodiscard]] LogTime due(const Service& service, LogTime left_at) const;

  LogTime grace_;
  std::map<std::string, Service> services_;
};

}  // namespace reel::broker
