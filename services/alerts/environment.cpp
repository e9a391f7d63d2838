#include "alerts/environment.h"

#include <algorithm>

#include "event/rfc3339.h"

namespace reel::alerts {
namespace {

// Cut where a UTF-8 character begins.
std::string cut_value(std::string text) {
  std::erase(text, '\0');
  if (text.size() <= variable_bytes_max) return text;
  std::size_t end = variable_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

template <typename Texts>
std::string one_a_line(const Texts& texts) {
  std::string all;
  for (const auto& text : texts) {
    if (!all.empty()) all += '\n';
    all += text;
  }
  return all;
}

std::string time_or_nothing(std::uint64_t time) {
  return time == 0 ? "" : rfc3339(time);
}

}  // namespace

std::vector<std::string> environment_of(const Notice& notice) {
  std::vector<std::string> variables;
  const auto put = [&](const char* name, std::string value) {
    variables.push_back(std::string{name} + "=" + cut_value(std::move(value)));
  };
  put("REEL_STATUS", std::string{to_string(notice.status)});
  put("REEL_ALERT", notice.name);
  put("REEL_ID", notice.id);
  put("REEL_KEY", notice.key);
  put("REEL_TITLE", notice.title);
  const v1::Incident incident = notice.incident.value_or(v1::Incident{});
  put("REEL_DEFINITION", incident.definition());
  put("REEL_AFTER", incident.after());
  put("REEL_MISSING", missing_text(incident));
  put("REEL_CAUSE", cause_text(incident));
  put("REEL_SENTENCE", notice.tracker ? notice.tracker->trouble : incident.cause().sentence());
  put("REEL_COMMANDS", one_a_line(incident.cause().commands()));
  put("REEL_OWNER", incident.owner());
  put("REEL_SEVERITY", incident.severity());
  put("REEL_RUNBOOK", incident.runbook());
  put("REEL_COUNT", std::to_string(incident.count()));
  put("REEL_OPEN", std::to_string(incident.open()));
  put("REEL_FLOWS", one_a_line(incident.correlationids()));
  put("REEL_FIRST_AT", time_or_nothing(incident.first_at()));
  put("REEL_LAST_AT", time_or_nothing(incident.last_at()));
  return variables;
}

}  // namespace reel::alerts
