// What options and outcomes are called outside of a program: environment variables, log lines, names.
#include "reel/options.h"

#include <cstdio>
#include <cstdlib>

#include "reel/outcome.h"

namespace reel {

void log_to_stderr(LogLevel level, std::string_view line) {
  if (level == LogLevel::debug) return;
  const char* name = level == LogLevel::info ? "info " : level == LogLevel::warn ? "warn " : "error";
  std::fprintf(stderr, "%s sdk %.*s\n", name, static_cast<int>(line.size()), line.data());
}

std::vector<std::string> default_brokers() {
  const char* named = std::getenv("REEL_BROKER");
  std::vector<std::string> brokers;
  for (std::string_view rest = named == nullptr ? "" : named; !rest.empty();) {
    const auto comma = rest.find(',');
    const auto one = rest.substr(0, comma);
    if (!one.empty()) brokers.emplace_back(one);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  if (brokers.empty()) brokers.emplace_back("tcp://127.0.0.1:5555");
  return brokers;
}

std::string default_tracker() {
  const char* named = std::getenv("REEL_TRACKER");
  return named == nullptr || *named == '\0' ? "tcp://127.0.0.1:5557" : named;
}

std::string_view to_string(PublishOutcome outcome) {
  switch (outcome) {
    case PublishOutcome::accepted: return "accepted";
    case PublishOutcome::duplicate: return "duplicate";
    case PublishOutcome::rejected: return "rejected";
    case PublishOutcome::unavailable: return "unavailable";
    case PublishOutcome::back_pressured: return "back_pressured";
    case PublishOutcome::spooled: return "spooled";
    case PublishOutcome::not_connected: return "not_connected";
    case PublishOutcome::unconfirmed: return "unconfirmed";
  }
  return "unknown";
}

}  // namespace reel
