// Events over HTTP, under load and among clients that mean no good: how many a second, and what the bus's own
// clients notice of it.
//
//   http_bench [--seconds N] [--rounds N] [--rate N] [--streams N] [--slow N] [--only NAME] [--against
//   PROGRAM]
//
// Broker, tracker and gateway are processes of their own; this one is their clients. Scenarios take turns, so
// that a machine that drifts drifts for all of them; the table shows medians. "bus" is the time that a probe
// takes, which publishes through the SDK, one event at a time, beside the load: what others notice. At a
// fixed rate the first scenario has that load over the SDK, the others over HTTP, so their ratio is what HTTP
// and its hostile clients cost the bus.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <reel/reel.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <latch>
#include <map>
#include <semaphore>
#include <sstream>
#include <thread>
#include <utility>

#include "mesh.h"

namespace {

using namespace std::chrono_literals;
using namespace reel::test;
using Clock = std::chrono::steady_clock;

constexpr std::size_t connections = 32;

struct Setting {
  double seconds = 5;
  int rounds = 3;
  double rate = 5'000;
  std::size_t streams = 200;
  std::size_t slow = 50;
  std::string only;
  std::string against;
};

struct Scenario {
  const char* name;
  bool over_http;
  bool paced;
  bool crowd;         ///< streams and slow clients
  bool busy_streams;  ///< the streams are for the topic that the load is on
};

constexpr Scenario scenarios[] = {
    {"paced, over the SDK", false, true, false, false},
    {"paced, over HTTP", true, true, false, false},
    {"paced, with the crowd", true, true, true, false},
    {"paced, the crowd listening", true, true, true, true},
    {"as fast as it can", true, false, false, false},
    {"as fast, with the crowd", true, false, true, false},
};

struct Figures {
  double per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double bus_p50_ms = 0;
  double bus_p99_ms = 0;
  double gateway_cpu = 0;  ///< of one core
  double cpu_us = 0;       ///< of the gateway's, for each publish
  double gateway_mib = 0;
  double streamed_per_s = 0;
};

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"cannot connect to the gateway"};
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

double at_share(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>{Clock::now() - begin}.count();
}

double cpu_seconds(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mib(pid_t pid) {
  std::istringstream text{read_file("/proc/" + std::to_string(pid) + "/statm")};
  double size = 0;
  double resident = 0;
  text >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

const std::string order = R"({"orderId":"order-1","totalCents":"4200","note":"as a shop would have it"})";

std::string post_text(std::uint64_t number) {
  const auto id = std::to_string(number);
  return "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nce-specversion: "
         "1.0\r\n"
         "ce-source: /bench\r\nce-type: order.placed\r\nce-id: " +
         id + "\r\nce-correlationid: flow-" + std::to_string(number % 1'000) +
         "\r\nContent-Length: " + std::to_string(order.size()) + "\r\n\r\n" + order;
}

/// Keep-alive connections, each with one request under way; at a rate, or as fast as they are answered.
class HttpLoad {
 public:
  HttpLoad(int port, double rate) : rate_{rate} {
    for (std::size_t i = 0; i < connections; ++i) clients_.push_back({connect_to(port), {}, {}, false});
  }
  ~HttpLoad() {
    for (const auto& client : clients_) ::close(client.socket);
  }

  void run(Clock::duration time) {
    began_ = Clock::now();
    while (Clock::now() - began_ < time) {
      send_due();
      std::vector<pollfd> items;
      for (const auto& client : clients_) items.push_back({client.socket, POLLIN, 0});
      if (::poll(items.data(), items.size(), rate_ > 0 ? 1 : 100) <= 0) continue;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].revents != 0) receive(clients_[i]);
      }
    }
  }

  std::vector<double> times_ms;
  std::uint64_t refused = 0;

 private:
  struct Client {
    int socket;
    std::string got;
    Clock::time_point sent;
    bool waiting;
  };

  void send_due() {
    for (auto& client : clients_) {
      if (client.waiting) continue;
      if (rate_ > 0 && static_cast<double>(sent_) > rate_ * ms_since(began_) / 1e3) return;
      static std::atomic<std::uint64_t> numbers{
          static_cast<std::uint64_t>(Clock::now().time_since_epoch().count())};
      const auto text = post_text(++numbers);
      client.waiting = true;
      client.sent = Clock::now();
      ++sent_;
      if (::send(client.socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        throw std::runtime_error{"the gateway closed a connection"};
    }
  }

  void receive(Client& client) {
    char bytes[4096];
    const auto got = ::recv(client.socket, bytes, sizeof bytes, 0);
    if (got <= 0) throw std::runtime_error{"the gateway closed a connection"};
    client.got.append(bytes, static_cast<std::size_t>(got));
    const auto head = client.got.find("\r\n\r\n");
    const auto length = client.got.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos) return;
    const auto size = std::stoul(client.got.substr(length + 16));
    if (client.got.size() < head + 4 + size) return;
    if (client.got.compare(9, 3, "202") != 0) ++refused;
    times_ms.push_back(ms_since(client.sent));
    client.got.erase(0, head + 4 + size);
    client.waiting = false;
  }

  const double rate_;
  std::vector<Client> clients_;
  Clock::time_point began_;
  std::uint64_t sent_ = 0;
};

/// The same load through the SDK.
void sdk_load(const std::string& broker, double rate, Clock::duration time, std::uint64_t& sent) {
  reel::Options options;
  options.brokers = {broker};
  options.log = {};
  reel::Publisher publisher{"bench", options};
  const auto began = Clock::now();
  const std::string data = "\x0a\x07order-1";
  while (Clock::now() - began < time) {
    while (static_cast<double>(sent) < rate * ms_since(began) / 1e3) {
      const auto flow = "flow-" + std::to_string(sent++ % 1'000);
      publisher.publish_async(
          {.topic = "order.placed", .type = "test.v1.Placed", .data = data, .correlationid = flow});
    }
    std::this_thread::sleep_for(1ms);
  }
  (void)publisher.flush(10s);
}

/// Stream clients that read and count, and slow ones that send a byte a second.
class Crowd {
 public:
  Crowd(int port, const Setting& setting, const std::string& topic) : port_{port}, slow_{setting.slow} {
    for (std::size_t i = 0; i < setting.streams; ++i) {
      streams_.push_back(connect_to(port));
      const std::string text =
          "GET /v1/events/stream?topics=" + topic + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
      (void)!::write(streams_.back(), text.data(), text.size());
    }
    for (const int socket : streams_) await_head(socket);
    reading_ = std::thread{[this] { read_all(); }};
    dawdling_ = std::thread{[this] { dawdle(); }};
    dawdlers_there_.wait();
  }
  ~Crowd() {
    over_ = true;
    dawdled_enough_.release();
    reading_.join();
    dawdling_.join();
    for (const int socket : streams_) ::close(socket);
  }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  // A stream's head comes once its subscription is there.
  static void await_head(int socket) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (::recv(socket, &byte, 1, 0) != 1) throw std::runtime_error{"the gateway closed a stream: " + head};
      head += byte;
    }
  }

  void read_all() {
    std::vector<pollfd> items;
    for (const int socket : streams_) items.push_back({socket, POLLIN, 0});
    std::string bytes(256 << 10, '\0');
    while (!over_) {
      if (::poll(items.data(), items.size(), 100) <= 0) continue;
      for (auto& item : items) {
        if (item.revents == 0) continue;
        const auto got = ::recv(item.fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) {
          item.fd = -1;
          ++cut_off;
          continue;
        }
        const std::string_view text{bytes.data(), static_cast<std::size_t>(got)};
        for (std::size_t at = 0; (at = text.find("\nid: ", at)) != text.npos; ++at) ++events_;
      }
    }
  }

  // Those that are cut off come again: there are always so many.
  void dawdle() {
    const std::string begin = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    std::vector<int> sockets;
    bool there = false;
    do {
      while (sockets.size() < slow_) {
        sockets.push_back(connect_to(port_));
        (void)!::write(sockets.back(), begin.data(), begin.size());
      }
      if (!std::exchange(there, true)) dawdlers_there_.count_down();
      std::erase_if(sockets, [](int socket) {
        if (::send(socket, "x", 1, MSG_NOSIGNAL) == 1) return false;
        ::close(socket);
        return true;
      });
    } while (!dawdled_enough_.try_acquire_for(1s));
    for (const int socket : sockets) ::close(socket);
  }

 public:
  std::atomic<std::uint64_t> cut_off{0};

 private:
  const int port_;
  const std::size_t slow_;
  std::vector<int> streams_;
  std::atomic<std::uint64_t> events_{0};
  std::atomic<bool> over_{false};
  std::binary_semaphore dawdled_enough_{0};
  std::latch dawdlers_there_{1};
  std::thread reading_;
  std::thread dawdling_;
};

/// Publishes through the SDK, one at a time, and takes the time.
class Probe {
 public:
  explicit Probe(const std::string& broker)
      : thread_{[this, broker] {
          reel::Options options;
          options.brokers = {broker};
          options.log = {};
          reel::Publisher publisher{"probe", options};
          const std::string data = "\x0a\x05probe";
          do {
            const auto begin = Clock::now();
            const auto result =
                publisher.publish({.topic = "order.shipped", .type = "test.v1.Placed", .data = data});
            if (result.ok()) times_ms.push_back(ms_since(begin));
          } while (!over_.try_acquire_for(2ms));
        }} {}
  ~Probe() { end(); }
  void end() {
    if (!thread_.joinable()) return;
    over_.release();
    thread_.join();
  }
  std::vector<double> times_ms;

 private:
  std::binary_semaphore over_{0};
  std::thread thread_;
};

Figures measure(const Scenario& scenario, const Setting& setting, Mesh& mesh, const Process& gateway,
                int port) {
  std::unique_ptr<Crowd> crowd;
  if (scenario.crowd) {
    crowd =
        std::make_unique<Crowd>(port, setting, scenario.busy_streams ? "order.placed" : "payment.captured");
  }
  const auto time =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{setting.seconds});
  Probe probe{mesh.endpoint()};
  const double cpu_before = cpu_seconds(gateway.pid());
  const auto streamed_before = crowd ? crowd->events() : 0;
  const auto began = Clock::now();
  Figures figures;
  if (scenario.over_http) {
    HttpLoad load{port, scenario.paced ? setting.rate : 0};
    load.run(time);
    figures.per_s = static_cast<double>(load.times_ms.size()) / (ms_since(began) / 1e3);
    figures.p50_ms = at_share(load.times_ms, 0.5);
    figures.p99_ms = at_share(load.times_ms, 0.99);
    if (load.refused > 0)
      std::printf("%lu requests were not accepted\n", static_cast<unsigned long>(load.refused));
  } else {
    std::uint64_t sent = 0;
    sdk_load(mesh.endpoint(), setting.rate, time, sent);
    figures.per_s = static_cast<double>(sent) / (ms_since(began) / 1e3);
  }
  const double elapsed_s = ms_since(began) / 1e3;
  probe.end();
  figures.bus_p50_ms = at_share(probe.times_ms, 0.5);
  figures.bus_p99_ms = at_share(probe.times_ms, 0.99);
  const double cpu_s = cpu_seconds(gateway.pid()) - cpu_before;
  figures.gateway_cpu = cpu_s / elapsed_s;
  if (scenario.over_http) figures.cpu_us = 1e6 * cpu_s / (figures.per_s * elapsed_s);
  figures.gateway_mib = resident_mib(gateway.pid());
  if (crowd) {
    figures.streamed_per_s = static_cast<double>(crowd->events() - streamed_before) / elapsed_s;
    if (crowd->cut_off > 0)
      std::printf("%lu streams were cut off\n", static_cast<unsigned long>(crowd->cut_off.load()));
  }
  return figures;
}

/// A gateway that is measured.
struct Contender {
  Contender(std::string name, std::unique_ptr<Process> started)
      : label{std::move(name)}, process{std::move(started)} {
    if (!process->says(" ready listen=")) throw std::runtime_error{process->output()};
    const std::string before_port = "ready listen=127.0.0.1:";
    port = std::stoi(line_with(process->output(), before_port).substr(before_port.size()));
  }
  std::string label;
  std::unique_ptr<Process> process;
  int port = 0;
};

double median(const std::vector<Figures>& rounds, double Figures::*figure) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(round.*figure);
  return at_share(values, 0.5);
}

}  // namespace

int main(int argc, char** argv) try {
  Setting setting;
  CLI::App app{"Events over HTTP, under load and among slow clients."};
  app.add_option("--seconds", setting.seconds, "how long each round takes");
  app.add_option("--rounds", setting.rounds, "rounds of each scenario");
  app.add_option("--rate", setting.rate, "events a second where they are paced");
  app.add_option("--streams", setting.streams, "clients of the event stream");
  app.add_option("--slow", setting.slow, "clients that send their headers a byte a second");
  app.add_option("--only", setting.only, "only scenarios that have this in their name");
  app.add_option("--against", setting.against, "another build of reel-gateway, which takes turns with ours");
  CLI11_PARSE(app, argc, argv);

  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  std::vector<Contender> contenders;
  contenders.emplace_back("", mesh.start("reel-gateway", {"-c", mesh.config_path()}, "gateway"));
  if (!setting.against.empty()) {
    contenders.emplace_back(
        "against: ",
        std::make_unique<Process>(Process::Options{
            .argv = {setting.against, "-c", mesh.config_path()},
            .output = mesh.dir() / "against.log",
            .environment = {"REEL_BROKER=" + mesh.endpoint(), "REEL_TRACKER=" + mesh.tracker_endpoint()}}));
  }
  std::map<std::string, std::vector<Figures>> rounds;
  for (int round = 0; round < setting.rounds; ++round) {
    for (const auto& scenario : scenarios) {
      if (std::string_view{scenario.name}.find(setting.only) == std::string_view::npos) continue;
      for (const auto& contender : contenders)
        rounds[contender.label + scenario.name].push_back(
            measure(scenario, setting, mesh, *contender.process, contender.port));
    }
  }
  std::printf("%-36s %9s %8s %8s %9s %9s %8s %8s %8s %10s\n", "scenario", "events/s", "p50 ms", "p99 ms",
              "bus p50", "bus p99", "gw cores", "us each", "gw MiB", "streamed/s");
  for (const auto& [name, all] : rounds) {
    std::printf("%-36s %9.0f %8.2f %8.2f %9.2f %9.2f %8.2f %8.1f %8.1f %10.0f\n", name.c_str(),
                median(all, &Figures::per_s), median(all, &Figures::p50_ms), median(all, &Figures::p99_ms),
                median(all, &Figures::bus_p50_ms), median(all, &Figures::bus_p99_ms),
                median(all, &Figures::gateway_cpu), median(all, &Figures::cpu_us),
                median(all, &Figures::gateway_mib), median(all, &Figures::streamed_per_s));
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "http_bench: %s\n", error.what());
  return 1;
}
