#include "mesh.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace reel::test {

std::string program_path(const std::string& name) {
  return std::string{REEL_BIN_DIR} + "/" + name;
}

std::string Mesh::small_mesh() {
  return R"(schemas: [schemas]
topics:
  order.placed:     {type: test.v1.Placed}
  payment.captured: {type: test.v1.Captured}
  order.shipped:    {type: test.v1.Placed}
  order.archived:   {type: test.v1.Placed}
  price.tick:       {type: test.v1.Tick, durable: false}
routes:
  - {from: order.placed, to: order.archived}
services:
  payments: {ack_timeout: 2s, retry: {attempts: 3, backoff: [10ms, 20ms], jitter: 0%}}
flows:
  fulfilment:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captured], within: 500ms, owner: payments}
)";
}

Mesh::Mesh(std::string yaml, std::string broker_options) {
  std::filesystem::create_directory(dir_.path() / "schemas");
  write_file(dir_.path() / "schemas" / "test.proto", R"(syntax = "proto3";
package test.v1;
message Item { string sku = 1; uint32 count = 2; }
message Placed { string order_id = 1; int64 total_cents = 2; repeated Item items = 3; string note = 4; }
message Captured { string order_id = 1; }
message Tick { string symbol = 1; double price = 2; }
)");
  write_file(config_path(), yaml + "broker: {listen: \"" + endpoint() + "\", live: \"" + live_endpoint() +
                                "\", data: data, service_timeout: 1s, beat_interval: 200ms" +
                                (broker_options.empty() ? "" : ", " + broker_options) + "}\n" +
                                "tracker: {listen: \"" + tracker_endpoint() + "\", data: data/tracker}\n");
}

void Mesh::start_broker() {
  broker_.reset();
  broker_ = start("reel-broker", {"-c", config_path()}, "broker" + std::to_string(++runs_));
  if (!broker_->says(" ready ")) throw std::runtime_error("the broker did not start:\n" + broker_->output());
}

void Mesh::start_tracker() {
  tracker_.reset();
  tracker_ = start("reel-tracker", {"-c", config_path()}, "tracker" + std::to_string(++runs_));
  if (!tracker_->says(" ready "))
    throw std::runtime_error("the tracker did not start:\n" + tracker_->output());
}

std::unique_ptr<Process> Mesh::start(const std::string& program, std::vector<std::string> arguments,
                                     const std::string& name) {
  arguments.insert(arguments.begin(), program_path(program));
  return std::make_unique<Process>(Process::Options{
      .argv = std::move(arguments),
      .output = dir_.path() / (name + ".log"),
      .environment = {"REEL_BROKER=" + endpoint(), "REEL_TRACKER=" + tracker_endpoint(), "NO_COLOR=1"}});
}

std::unique_ptr<Process> Mesh::actor(const std::string& name, std::vector<std::string> arguments) {
  const auto instances = [&] {
    const auto ran = reel({"services", "-o", "json"});
    std::size_t count = 0;
    std::istringstream lines{ran.out};
    for (std::string line; std::getline(lines, line);) {
      const auto row = nlohmann::json::parse(line, nullptr, false);
      if (row.is_object() && row.value("service", "") == name) count = row["instances"].size();
    }
    return count;
  };
  const auto before = instances();
  arguments.insert(arguments.begin(), {"../tests/path_actor", "--name", name, "--log", log_file()});
  const auto program = arguments.front();
  arguments.erase(arguments.begin());
  auto process = start(program, std::move(arguments), name + std::to_string(++runs_));
  if (!eventually([&] { return instances() > before; })) {
    throw std::runtime_error("the actor did not subscribe:\n" + process->output());
  }
  return process;
}

std::vector<std::vector<std::string>> Mesh::log_lines() const {
  std::vector<std::vector<std::string>> lines;
  std::istringstream text{read_file(log_file())};
  for (std::string line; std::getline(text, line);) {
    std::istringstream words{line};
    lines.emplace_back(std::istream_iterator<std::string>{words}, std::istream_iterator<std::string>{});
  }
  return lines;
}

std::size_t Mesh::logged(const std::string& what) const {
  const auto lines = log_lines();
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return !line.empty() && line.front() == what; }));
}

Ran Mesh::reel(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), program_path("reel"));
  const auto name = dir_.path() / ("reel" + std::to_string(++runs_));
  Process process{
      {.argv = std::move(arguments),
       .output = name.string() + ".out",
       .errors = name.string() + ".err",
       .input = input,
       .environment = {"REEL_BROKER=" + endpoint(), "REEL_TRACKER=" + tracker_endpoint(), "NO_COLOR=1"}}};
  Ran ran;
  ran.exit_code = process.wait();
  ran.out = process.output();
  ran.err = process.errors();
  return ran;
}

std::filesystem::path Mesh::last_segment() const {
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator{data() / "journal"}) {
    if (entry.path().extension() == ".journal") segments.push_back(entry.path());
  }
  if (segments.empty()) throw std::runtime_error("there is no journal segment");
  return *std::max_element(segments.begin(), segments.end());
}

}  // namespace reel::test
