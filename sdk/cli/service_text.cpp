#include "cli/service_text.h"

#include <spdlog/fmt/fmt.h>

#include <limits>

#include "cli/duration_text.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "event/quoted_text.h"

namespace reel::cli {

std::string paused_text(const v1::ServicesReply::Service& service, std::uint64_t now) {
  const std::uint64_t until = service.paused_until();
  if (until == 0 || until <= now) return "";
  constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
  std::string text = until == unlimited ? "until resumed" : "until " + date_text(until);
  if (!service.paused_by().empty()) text += " by " + service.paused_by();
  return text;
}

std::string failed_checks_text(const v1::ServicesReply::Service& service) {
  std::string text;
  for (const auto& check : service.checks()) {
    if (check.failed() > 0)
      text += fmt::format("{}{} {}/{}", text.empty() ? "" : ", ", check.name(), check.failed(),
                          check.instances());
  }
  return text;
}

std::vector<std::string> failed_checks_lines(const v1::ServicesReply::Service& service, std::uint64_t now) {
  std::vector<std::string> lines;
  for (const auto& check : service.checks()) {
    if (check.failing().empty()) continue;
    const auto& longest = check.failing(0);
    const std::uint64_t age = now > longest.since() ? now - longest.since() : 0;
    const auto on = check.instances() == 1 ? std::string{" on "}
                                           : fmt::format(" on {} of {} instances, longest on ",
                                                         check.failed(), check.instances());
    lines.push_back(fmt::format(
        "{}: check {} has failed for {}{}{} (pid {}): {}", shown(service.service()), in_quotes(check.name()),
        elapsed_text(nanoseconds{static_cast<std::int64_t>(age)}), on, shown(longest.host()), longest.pid(),
        longest.reason().empty() ? "no reason was given" : shown(longest.reason())));
  }
  return lines;
}

std::string forget_text(const v1::ServicesReply::Service& service) {
  const auto some = [](std::uint64_t count, const char* one, const char* many) {
    return count_text(count) + (count == 1 ? one : many);
  };
  const std::uint64_t waiting = service.waiting() + service.parked();
  std::string text = "forget " + shown(service.service()) + ": ";
  // A lower bound while the broker reads this service's events from the journal.
  text += (service.behind() ? "at least " : "") + some(waiting, " event", " events") + " waiting for it and ";
  text += some(service.dead(), " dead letter", " dead letters");
  text += " go with it";
  if (!service.instances().empty())
    text += "; " + some(static_cast<std::uint64_t>(service.instances_size()), " instance is subscribed",
                        " instances are subscribed");
  return text;
}

}  // namespace reel::cli
