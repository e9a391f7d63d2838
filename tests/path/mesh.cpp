#include "mesh.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <sstream>
#include <stdexcept>

namespace reel::test {
namespace {

// A port nobody listens on, below those that the system gives to connections: while a broker is away, one
// of its own clients could otherwise be given its port, and be connected to itself.
std::string free_port() {
  std::random_device chance;
  for (int tries = 0; tries < 100; ++tries) {
    const auto port = std::uniform_int_distribution{10'000, 30'000}(chance);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (free) return std::to_string(port);
  }
  throw std::runtime_error("no port is free");
}

std::vector<std::filesystem::path> segments_in(const std::filesystem::path& journal) {
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator{journal}) {
    if (entry.path().extension() == ".journal") segments.push_back(entry.path());
  }
  if (segments.empty()) throw std::runtime_error("there is no journal segment");
  return segments;
}

}  // namespace

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

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> rows;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

std::string line_with(const std::string& text, const std::string& part) {
  const auto begin = text.find(part);
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

Mesh::Mesh(const std::string& yaml, const std::string& broker_options, Transport transport) {
  const auto place = [&](const char* name) {
    return transport == Transport::tcp ? "tcp://127.0.0.1:" + free_port()
                                       : "ipc://" + (dir_.path() / name).string();
  };
  endpoint_ = place("broker");
  live_endpoint_ = place("live");
  tracker_endpoint_ = place("tracker");
  std::filesystem::create_directory(dir_.path() / "schemas");
  write_file(dir_.path() / "schemas" / "test.proto", R"(syntax = "proto3";
package test.v1;
message Item { string sku = 1; uint32 count = 2; }
message Placed { string order_id = 1; int64 total_cents = 2; repeated Item items = 3; string note = 4; }
message Captured { string order_id = 1; }
message Tick { string symbol = 1; double price = 2; }
)");
  // Short, so that a test sees at once who was killed.
  const bool patient = broker_options.find("service_timeout") != std::string::npos;
  const std::string liveness = patient ? "" : ", service_timeout: 1s, beat_interval: 200ms";
  write_file(config_path(), yaml + "broker: {listen: \"" + endpoint() + "\", live: \"" + live_endpoint() +
                                "\", data: data" + liveness +
                                (broker_options.empty() ? "" : ", " + broker_options) + "}\n" +
                                "tracker: {listen: \"" + tracker_endpoint() + "\", data: data/tracker}\n" +
                                "gateway: {listen: \"127.0.0.1:*\"}\n");
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
  arguments.insert(arguments.begin(), {"--name", name, "--log", log_file()});
  auto process = start("../tests/path_actor", std::move(arguments), name + std::to_string(++runs_));
  // By its process id: one that was killed a moment ago still counts as an instance until service_timeout.
  // One that dies of its first event may be forgotten before this looks; its own words tell that it was
  // there.
  const auto joined = [&] {
    if (!process->running()) return process->output().find("sdk subscribed") != std::string::npos;
    const auto row = service(name);
    if (row.is_null()) return false;
    const auto& instances = row["instances"];
    return std::any_of(instances.begin(), instances.end(),
                       [&](const auto& instance) { return instance["pid"] == process->pid(); });
  };
  if (!eventually(joined)) throw std::runtime_error("the actor did not subscribe:\n" + process->output());
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
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const auto& line) { return !line.empty() && line.front() == what; }));
}

Ran Mesh::reel(std::vector<std::string> arguments, const std::string& input) {
  return run("reel", std::move(arguments), input);
}

Ran Mesh::run(const std::string& program, std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), program_path(program));
  const auto name = dir_.path() / ("run" + std::to_string(++runs_));
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

std::vector<nlohmann::json> Mesh::rows(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-o", "json"});
  const auto ran = reel(std::move(arguments));
  if (ran.exit_code != 0) throw std::runtime_error(ran.err);
  return json_lines(ran.out);
}

std::vector<nlohmann::json> Mesh::events(const std::string& pattern, std::size_t count) {
  return rows({"sub", pattern, "--from", "start", "--count", std::to_string(count)});
}

nlohmann::json Mesh::service(const std::string& name) {
  for (const auto& row : rows({"services"})) {
    if (row["service"] == name) return row;
  }
  return nullptr;
}

bool Mesh::has_acked(const std::string& name, std::size_t count) {
  return eventually([&] {
    const auto row = service(name);
    return !row.is_null() && row["acked"] >= count;
  });
}

void Mesh::place(const std::string& flow) {
  const auto ran = reel({"pub", "order.placed", R"({"orderId":"order-1"})", "--correlation", flow});
  if (ran.exit_code != 0) throw std::runtime_error(ran.err);
}

void Mesh::place_many(std::size_t count, std::size_t flows, std::size_t first) {
  std::string lines;
  for (auto order = first; order < first + count; ++order) {
    lines += R"({"type":"order.placed","correlationid":"flow-)" + std::to_string(order % flows) +
             R"(","data":{"orderId":"order-)" + std::to_string(order) + "\"}}\n";
  }
  const auto ran = reel({"pub", "--lines"}, lines);
  if (ran.exit_code != 0) throw std::runtime_error(ran.err);
}

std::filesystem::path Mesh::first_segment() const {
  const auto segments = segments_in(data() / "journal");
  return *std::min_element(segments.begin(), segments.end());
}

std::filesystem::path Mesh::last_segment() const {
  const auto segments = segments_in(data() / "journal");
  return *std::max_element(segments.begin(), segments.end());
}

}  // namespace reel::test
