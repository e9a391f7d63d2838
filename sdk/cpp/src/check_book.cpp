#include "check_book.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "event/quoted_text.h"
#include "handling.h"

namespace reel::sdk {
namespace {

std::string duration_text(milliseconds time) {
  if (time.count() % 3'600'000 == 0) return std::to_string(time.count() / 3'600'000) + "h";
  if (time.count() % 1'000 == 0) return std::to_string(time.count() / 1'000) + "s";
  return std::to_string(time.count()) + "ms";
}

// Printable is what stands in quotes as it is.
bool is_printable(std::string_view name) {
  return in_quotes(name) == "'" + std::string{name} + "'";
}

}  // namespace

void CheckBook::add(std::string_view name, CheckOptions options) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument{"cannot check " + in_quotes(name) + ": " + why};
  };
  if (name.empty() || name.size() > check_name_bytes_max || !is_printable(name)) {
    refuse("a check's name has 1 to " + std::to_string(check_name_bytes_max) +
           " printable bytes without ' and \\");
  }
  if (find(name)) refuse("there is a check of this name already");
  if (checks_.size() == checks_max) refuse("a service has at most " + std::to_string(checks_max) + " checks");
  for (const auto& [what, time] : {std::pair{"'every'", options.every}, {"'timeout'", options.timeout}}) {
    if (time <= milliseconds{0}) refuse(std::string{what} + " is not above 0");
    if (time > check_time_max) refuse(std::string{what} + " is above " + duration_text(check_time_max));
  }
  checks_.push_back({.name = std::string{name}, .options = options, .began = {}, .outcome = {}});
}

std::optional<std::size_t> CheckBook::find(std::string_view name) const {
  const auto found =
      std::find_if(checks_.begin(), checks_.end(), [&](const Check& check) { return check.name == name; });
  if (found == checks_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - checks_.begin());
}

void CheckBook::begins(std::size_t number, Time now) {
  checks_[number].began = now;
}

// One that ended too late had failed before.
void CheckBook::ends(std::size_t number, const std::optional<std::string>& failure, Time now) {
  give_up_on_late_ones(now);
  checks_[number].began.reset();
  turn_out(checks_[number], failure, now);
}

void CheckBook::turn_out(Check& check, std::optional<std::string> failure, Time at) {
  if (failure) {
    failure = clean_text(*failure, check_reason_bytes_max);
    if (failure->empty()) failure = "no reason was given";
  }
  const bool turned = !check.outcome || check.outcome->failure.has_value() != failure.has_value();
  if (!turned && check.outcome->failure == failure) return;
  check.outcome = Outcome{std::move(failure), turned ? at : check.outcome->since};
  is_news_ = true;
}

void CheckBook::give_up_on_late_ones(Time now) {
  for (auto& check : checks_) {
    const auto timeout = check.options.timeout;
    if (check.began && now - *check.began >= timeout)
      turn_out(check, "has not answered for " + duration_text(timeout), *check.began + timeout);
  }
}

bool CheckBook::write_news(v1::SelfChecks& to, Time now) {
  give_up_on_late_ones(now);
  const bool is_due = told_at_ && now - *told_at_ >= told_again_after;
  if (!std::exchange(is_news_, false) && !is_due) return false;
  told_at_ = now;
  for (const auto& [name, options, began, outcome] : checks_) {
    if (!outcome) continue;
    auto& check = *to.add_checks();
    check.set_name(name);
    check.set_failed(outcome->failure.has_value());
    check.set_reason(outcome->failure.value_or(""));
    const auto lasting = std::chrono::duration_cast<milliseconds>(now - outcome->since);
    check.set_lasting_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(lasting.count(), 0)));
  }
  return true;
}

}  // namespace reel::sdk
