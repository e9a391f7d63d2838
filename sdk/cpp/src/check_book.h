// The checks of a service and what has come of them, without threads or clocks: whoever runs them tells when
// a run begins and how it ends, whoever sends beats asks what is new.
//
//   book.add("database", {.timeout = 5s});
//   book.begins(0, now);  book.ends(0, "connection refused", now);
//   book.write_news(beat, now);       // true, and what it writes; false until something is different
//
// What has not answered yet has no outcome. A run that takes longer than its timeout has failed when that is
// over, whether it ever ends or not; how it ends after all counts then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reel/check.h"
#include "reel/v1/wire.pb.h"
#include "session.h"

namespace reel::sdk {

class CheckBook {
 public:
  /// The broker keeps what it has room for: what it left out it is told again when there may be more.
  static constexpr milliseconds told_again_after{60'000};

  /// Throws std::invalid_argument, as Service::check() does.
  void add(std::string_view name, CheckOptions options);

  [[nodiscard]] std::size_t size() const { return checks_.size(); }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] const std::string& name(std::size_t number) const { return checks_[number].name; }
  [[nodiscard]] const CheckOptions& options(std::size_t number) const { return checks_[number].options; }

  void begins(std::size_t number, Time now);
  /// No `failure`: it passes.
  void ends(std::size_t number, const std::optional<std::string>& failure, Time now);

  /// All that have an outcome, unless it was written so since the session began, and lately.
  [[nodiscard]] bool write_news(v1::SelfChecks& to, Time now);
  /// Nobody knows anything of it.
  void session_is_new() { is_news_ = true; }

 private:
  struct Outcome {
    std::optional<std::string> failure;
    Time since;
  };
  struct Check {
    std::string name;
    CheckOptions options;
    std::optional<Time> began;  // of the run that is under way
    std::optional<Outcome> outcome;
  };

  void turn_out(Check& check, std::optional<std::string> failure, Time at);
  void give_up_on_late_ones(Time now);

  std::vector<Check> checks_;
  bool is_news_ = false;
  std::optional<Time> told_at_;
};

}  // namespace reel::sdk
