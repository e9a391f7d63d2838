#include "shop/demo/mesh.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/duration_text.h"
#include "cli/terminal.h"
#include "shop/demo/board.h"

namespace shop::demo {

namespace {

/// How long a process may take to end in order before it is killed.
constexpr std::chrono::seconds stop_grace{12};

constexpr std::string_view bus = "reel";

/// A service's {"dropped": topic, "flow": correlation id}; nothing for any other line.
std::optional<Drops::value_type> drop_of(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  const auto report = nlohmann::json::parse(line, nullptr, false);
  if (!report.is_object()) return std::nullopt;
  const auto flow = report.find("flow");
  const auto topic = report.find("dropped");
  if (flow == report.end() || !flow->is_string() || topic == report.end() || !topic->is_string())
    return std::nullopt;
  return Drops::value_type{flow->get<std::string>(), topic->get<std::string>()};
}

/// The word behind `name` in a line of names and values; empty where it is not there.
std::string word_after(std::string_view line, std::string_view name) {
  const auto begin = line.find(name);
  if (begin == line.npos) return {};
  line.remove_prefix(begin + name.size());
  return std::string{line.substr(0, line.find(' '))};
}

}  // namespace

Mesh::Mesh(Plan plan) : plan_{std::move(plan)} {}

void Mesh::start_bus() {
  std::vector<std::string> command{plan_.programs + "/reel",
                                   "up",
                                   "-c",
                                   plan_.config,
                                   "--data",
                                   plan_.data,
                                   "--listen",
                                   plan_.broker,
                                   "--live",
                                   plan_.live,
                                   "--tracker-listen",
                                   plan_.tracker};
  if (plan_.gateway.empty()) {
    command.emplace_back("--no-gateway");
  } else {
    command.insert(command.end(), {"--gateway-listen", plan_.gateway});
  }
  children_.start(std::string{bus}, command);
}

void Mesh::start_services() {
  for (const auto& [name, flags] : plan_.services) start_service(name, flags);
}

void Mesh::start_service(const std::string& name, const std::vector<std::string>& flags) {
  std::vector<std::string> command{plan_.programs + "/shop-" + name, "--broker", plan_.broker};
  command.insert(command.end(), flags.begin(), flags.end());
  children_.start(name, command);
}

Mesh::News Mesh::wait(std::chrono::milliseconds time) {
  switch (children_.wait(time)) {
    case reel::cli::Children::News::none: return News::none;
    case reel::cli::Children::News::hangup:
    case reel::cli::Children::News::stop_requested: return News::stop_requested;
    case reel::cli::Children::News::child_ended: break;
  }
  while (const auto ended = children_.take_ended()) {
    if (restart(*ended)) continue;
    failure_ = fmt::format("{} {}; it last said:", ended->name, ending_text(*ended));
    for (const std::string& line : last_lines_[ended->name]) failure_ += "\n  " + line;
    return News::failed;
  }
  return News::none;
}

bool Mesh::restart(const reel::cli::Child& ended) {
  const auto service = std::find_if(plan_.services.begin(), plan_.services.end(),
                                    [&ended](const auto& planned) { return planned.first == ended.name; });
  if (service == plan_.services.end() || ++restarts_[ended.name] > restarts_max) return false;
  tell(fmt::format("{} {}; started again", ended.name, ending_text(ended)));
  start_service(service->first, without_crash(service->second));
  return true;
}

void Mesh::stop() {
  children_.stop(stop_grace);
}

void Mesh::hear(const reel::cli::Child& child, std::string_view line) {
  if (verbose_) std::fprintf(stderr, "%-13s | %s\n", child.name.c_str(), std::string{line}.c_str());
  if (const auto drop = drop_of(line)) {
    drops_.insert(*drop);
    return;
  }
  if (child.name == bus && line.find(" | ready ") != line.npos) console_ = word_after(line, " http=");
  auto& lines = last_lines_[child.name];
  lines.emplace_back(reel::cli::shown(line));
  if (lines.size() > last_lines_max) lines.pop_front();
}

void Mesh::tell(std::string line) {
  news_.push_back(reel::cli::clock_text(reel::cli::unix_now()) + " " + std::move(line));
  if (news_.size() > news_lines_max) news_.pop_front();
}

std::vector<std::string> without_crash(const std::vector<std::string>& flags) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i] == "--crash-after") {
      ++i;  // and its number
    } else {
      kept.push_back(flags[i]);
    }
  }
  return kept;
}

}  // namespace shop::demo
