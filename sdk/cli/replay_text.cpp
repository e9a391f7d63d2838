#include "cli/replay_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "cli/terminal.h"

namespace reel::cli {
namespace {

/// Beyond this a speed is as good as max.
constexpr double speed_max = 1'000'000;

std::string patterns_text(const v1::Replay& replay) {
  std::string text;
  for (const std::string& pattern : replay.patterns()) text += (text.empty() ? "" : ", ") + shown(pattern);
  return text;
}

}  // namespace

std::optional<double> parse_speed(std::string_view text) {
  if (text == "max") return 0;
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  const bool in_range = speed > 0 && speed <= speed_max;  // false for NaN, too
  if (error != std::errc{} || !in_range || std::string_view{end, text.data() + text.size()} != "x")
    return std::nullopt;
  return speed;
}

std::string speed_text(double speed) {
  return speed <= 0 ? "max" : fmt::format("{}x", speed);
}

std::string replay_text(const std::string& service, const v1::Replay& replay) {
  std::string text = fmt::format("replay offsets {} to {}", replay.from_offset(), replay.to_offset() - 1);
  if (!replay.patterns().empty()) text += " on " + patterns_text(replay) + ",";
  if (!replay.correlationid().empty())
    text +=
        std::string{replay.patterns().empty() ? "," : ""} + " of flow " + shown(replay.correlationid()) + ",";
  if (!replay.when().empty())
    text += (text.ends_with(',') ? " where " : ", where ") + shown(replay.when()) + ",";
  return text + fmt::format(" to {} at {}{}", shown(service), speed_text(replay.speed()),
                            replay.stepping() ? ", step by step" : "");
}

int percent_of(const v1::Replay& replay) {
  if (replay.to_offset() <= replay.from_offset()) return 100;
  const std::uint64_t at = std::clamp(replay.next_offset(), replay.from_offset(), replay.to_offset());
  const auto whole = static_cast<double>(replay.to_offset() - replay.from_offset());
  return static_cast<int>(100 * (static_cast<double>(at - replay.from_offset()) / whole));
}

Json replay_json(const RunningReplay& running) {
  const v1::Replay& replay = running.replay();
  Json patterns = Json::array();
  for (const std::string& pattern : replay.patterns()) patterns.push_back(pattern);
  Json json{{"replay", replay.id()},
            {"service", running.service()},
            {"by", running.by()},
            {"from_offset", replay.from_offset()},
            {"to_offset", replay.to_offset()},
            {"patterns", std::move(patterns)}};
  if (!replay.correlationid().empty()) json["correlationid"] = replay.correlationid();
  if (!replay.when().empty()) json["when"] = replay.when();
  json["speed"] = speed_text(replay.speed());
  if (replay.stepping()) json["awaits_step"] = running.awaits_step();
  json["next_offset"] = replay.next_offset();
  json["redelivered"] = replay.redelivered();
  json["waiting"] = running.waiting();
  return json;
}

}  // namespace reel::cli
