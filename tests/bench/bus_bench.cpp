// The whole path in one figure: publish → journal → handled and acked, with broker, publisher, service and
// tracker as processes of their own on one machine.
//
//   bus_bench [--events N] [--payload BYTES] [--rounds N] [--keys N]
//
// Scenarios take turns, so that a machine that drifts drifts for all of them; the table shows medians. The
// clock runs from the first publish until the broker has the last ack (for the live tap: until the last event
// has arrived). CPU is user and system time of each process meanwhile, per million events.
#include <fcntl.h>
#include <reel/reel.h>
#include <sys/mman.h>
#include <unistd.h>

#include <semaphore.h>
#include <time.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "process.h"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using reel::test::eventually;

struct Setting {
  std::uint64_t events = 1'000'000;
  std::size_t payload = 128;
  std::uint64_t keys = 0;  ///< flows; 0: as many as make five events each
};

// One page between the processes: counters and the starting signal, never events.
struct Shared {
  sem_t ready;  // the publisher is connected
  sem_t go;     // the clock has started
  std::atomic<std::uint64_t> handled{0};

  static Shared& at(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Shared)) != 0) throw std::runtime_error("cannot make " + path);
    void* const page = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return *static_cast<Shared*>(page);  // zeros are its initial state
  }
};

// Bounded, so that a process whose peer has died ends too.
void wait_for(sem_t& semaphore) {
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  while (::sem_timedwait(&semaphore, &until) != 0) {
    if (errno != EINTR) throw std::runtime_error("the other process did not come");
  }
}

struct Figures {
  double events_per_s = 0;
  std::map<std::string, double> cpu_s_per_million;
  double tracker_behind_s = 0;
};

double cpu_seconds(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

reel::Options connection(const std::string& broker) {
  reel::Options options;
  options.brokers = {broker};
  options.publish_buffer_bytes = 64u << 20;
  options.credit_events = 65'536;
  options.credit_bytes = 64u << 20;
  return options;
}

// A BytesValue: field 1, length, bytes.
std::string payload_of(std::size_t bytes) {
  std::string payload{"\x0a"};
  for (auto rest = bytes;; rest >>= 7) {
    payload.push_back(static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    if (rest <= 0x7f) break;
  }
  return payload.append(bytes, 'x');
}

int publish(const Setting& setting, Shared& shared, const std::string& broker, const std::string& topic) {
  reel::Publisher source{"source", connection(broker)};
  const auto payload = payload_of(setting.payload);
  std::vector<std::string> flows;
  for (std::uint64_t i = 0; i < setting.keys; ++i) flows.push_back("flow-" + std::to_string(i));
  (void)source.publish({.topic = topic, .type = "google.protobuf.BytesValue", .data = payload});
  (void)::sem_post(&shared.ready);
  wait_for(shared.go);
  for (std::uint64_t i = 0; i < setting.events; ++i) {
    const reel::Outgoing event{.topic = topic,
                               .type = "google.protobuf.BytesValue",
                               .data = payload,
                               .correlationid = std::string_view{flows[i % flows.size()]}};
    for (bool taken = false; !taken;) {
      taken = true;
      // back_pressured is known inside the call; every other outcome comes later and does not touch `taken`.
      source.publish_async(event, [&taken,
                                   calling = std::this_thread::get_id()](const reel::PublishResult& result) {
        if (result.outcome == reel::PublishOutcome::back_pressured && std::this_thread::get_id() == calling)
          taken = false;
      });
      if (!taken) (void)source.wait_for_room(1s);
    }
  }
  (void)source.flush(60s);
  ::pause();
  return 0;
}

int consume(Shared& shared, const std::string& broker) {
  reel::Service service{"bench", connection(broker)};
  service.on_raw("bench.event",
                 [&](reel::Context&) { shared.handled.fetch_add(1, std::memory_order_relaxed); });
  return service.run();
}

[[noreturn]] int listen(Shared& shared, const std::string& live) {
  reel::LiveTap tap{{.patterns = {"bench.tick"}, .endpoint = live}};
  while (true) {
    const auto batch = tap.next(100ms);
    shared.handled.fetch_add(batch.events.size(), std::memory_order_relaxed);
  }
}

class Bench {
 public:
  Bench(const Setting& setting, std::string sync, bool tracker) : setting_{setting} {
    (void)::sem_init(&shared_.ready, 1, 0);
    (void)::sem_init(&shared_.go, 1, 0);
    const auto dir = temp_.path();
    reel::test::write_file(
        dir / "reel.yaml",
        "topics:\n  bench.event: {type: google.protobuf.BytesValue}\n"
        "  bench.tick: {type: google.protobuf.BytesValue, durable: false}\n"
        "flows:\n  bench:\n    expect:\n      - {after: bench.event, any_of: [bench.event], within: 1h}\n"
        "broker: {listen: \"" +
            endpoint() + "\", live: \"" + live_endpoint() + "\", data: data, journal: {sync: " + sync +
            "}}\n" + "tracker: {listen: \"" + tracker_endpoint() + "\", data: data/tracker}\n");
    broker_ = start("reel-broker", {"-c", (dir / "reel.yaml").string()}, " ready ");
    if (tracker) tracker_ = start("reel-tracker", {"-c", (dir / "reel.yaml").string()}, " caught_up ");
  }

  Figures durable() {
    const auto consumer = start("bus_bench", {"--role", "consume", "--endpoint", endpoint()}, {});
    reel::QueryClient broker{endpoint()};
    (void)eventually([&] { return service(broker).instances_size() > 0; });
    return run("bench.event", *consumer, [&] { return service(broker).acked() > setting_.events; });
  }

  Figures live() {
    const auto consumer = start("bus_bench", {"--role", "listen", "--endpoint", live_endpoint()}, {});
    {
      // The tap's subscription is known to the broker when a first event has arrived.
      reel::Publisher warm_up{"warm-up", connection(endpoint())};
      (void)eventually([&] {
        (void)warm_up.publish({.topic = "bench.tick", .type = "google.protobuf.BytesValue"});
        return shared_.handled.load() > 0;
      });
    }
    return run("bench.tick", *consumer, [] { return true; });
  }

 private:
  std::string endpoint() const { return "ipc://" + (temp_.path() / "broker").string(); }
  std::string tracker_endpoint() const { return "ipc://" + (temp_.path() / "query").string(); }
  std::string live_endpoint() const { return "ipc://" + (temp_.path() / "live").string(); }
  std::string page() const { return (temp_.path() / "page").string(); }

  std::unique_ptr<reel::test::Process> start(const std::string& program, std::vector<std::string> arguments,
                                             const std::string& ready) {
    const bool ours = program == "bus_bench";
    arguments.insert(arguments.begin(), ours ? "/proc/self/exe" : std::string{REEL_BIN_DIR} + "/" + program);
    if (ours) {
      for (const auto& [flag, value] :
           std::map<std::string, std::string>{{"--page", page()},
                                              {"--events", std::to_string(setting_.events)},
                                              {"--payload", std::to_string(setting_.payload)},
                                              {"--keys", std::to_string(setting_.keys)}}) {
        arguments.insert(arguments.end(), {flag, value});
      }
    }
    auto process = std::make_unique<reel::test::Process>(reel::test::Process::Options{
        .argv = std::move(arguments),
        .output = temp_.path() / (program + std::to_string(++started_) + ".log")});
    if (!ready.empty() && !process->says(ready))
      throw std::runtime_error(program + " did not start:\n" + process->output());
    return process;
  }

  static reel::v1::ServicesReply::Service service(reel::QueryClient& broker) {
    reel::v1::Request request;
    request.mutable_services();
    const auto reply = broker.ask(request);
    for (const auto& row : reply.services().services()) {
      if (row.service() == "bench") return row;
    }
    return {};
  }
  template <typename Done>
  Figures run(const std::string& topic, const reel::test::Process& consumer, Done&& done) {
    const auto publisher =
        start("bus_bench", {"--role", "publish", "--endpoint", endpoint(), "--topic", topic}, {});
    wait_for(shared_.ready);
    // The event that showed the connection is at rest before the clock starts.
    if (!eventually([&] { return shared_.handled >= 1; }, 10s)) throw std::runtime_error("nothing arrived");
    shared_.handled = 0;
    std::map<std::string, pid_t> pids{
        {"broker", broker_->pid()}, {"publisher", publisher->pid()}, {"consumer", consumer.pid()}};
    if (tracker_) pids["tracker"] = tracker_->pid();
    std::map<std::string, double> before;
    for (const auto& [name, pid] : pids) before[name] = cpu_seconds(pid);
    const auto began = Clock::now();
    (void)::sem_post(&shared_.go);
    if (!eventually([&] { return shared_.handled >= setting_.events && done(); }, 120s)) {
      throw std::runtime_error("only " + std::to_string(shared_.handled) + " events arrived\n" +
                               broker_->output());
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    Figures figures;
    const auto events = static_cast<double>(setting_.events);
    figures.events_per_s = events / took.count();
    if (tracker_) {
      reel::QueryClient tracker{tracker_endpoint()};
      (void)eventually(
          [&] {
            reel::v1::Request request;
            request.mutable_summary();
            return tracker.ask(request).summary().offset() >= setting_.events;
          },
          120s);
      figures.tracker_behind_s = std::chrono::duration<double>(Clock::now() - began).count() - took.count();
    }
    for (const auto& [name, pid] : pids)
      figures.cpu_s_per_million[name] = (cpu_seconds(pid) - before[name]) / events * 1e6;
    return figures;
  }

  Setting setting_;
  reel::test::TempDir temp_;
  Shared& shared_ = Shared::at(page());
  int started_ = 0;
  std::unique_ptr<reel::test::Process> broker_;
  std::unique_ptr<reel::test::Process> tracker_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  Setting setting;
  int rounds = 3;
  std::string only;
  CLI::App app{"publish → journal → handled and acked"};
  app.add_option("--events", setting.events)->capture_default_str();
  app.add_option("--payload", setting.payload, "bytes")->capture_default_str();
  app.add_option("--keys", setting.keys, "correlation ids")->capture_default_str();
  app.add_option("--rounds", rounds)->capture_default_str();
  app.add_option("--only", only, "one scenario");
  std::string role;
  std::string endpoint;
  std::string topic;
  std::string page;
  // How it starts itself for the other processes.
  app.add_option("--role", role)->group("");
  app.add_option("--endpoint", endpoint)->group("");
  app.add_option("--topic", topic)->group("");
  app.add_option("--page", page)->group("");
  CLI11_PARSE(app, argc, argv);
  if (setting.keys == 0) setting.keys = std::max<std::uint64_t>(setting.events / 5, 1);
  if (role == "publish") return publish(setting, Shared::at(page), endpoint, topic);
  if (role == "consume") return consume(Shared::at(page), endpoint);
  if (role == "listen") return listen(Shared::at(page), endpoint);

  struct Scenario {
    std::string name;
    std::string sync;
    bool tracker = false;
    bool live = false;
  };
  const std::vector<Scenario> scenarios{{"durable, sync os, tracker off", "os"},
                                        {"durable, sync os, tracker on", "os", true},
                                        {"durable, sync always, tracker off", "always"},
                                        {"live tap", "os", false, true}};
  std::map<std::string, std::vector<Figures>> results;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& scenario : scenarios) {
      if (!only.empty() && scenario.name.find(only) == std::string::npos) continue;
      Bench bench{setting, scenario.sync, scenario.tracker};
      results[scenario.name].push_back(scenario.live ? bench.live() : bench.durable());
    }
  }
  std::printf("%zu B payload, %llu events, %llu keys, median of %d rounds\n", setting.payload,
              static_cast<unsigned long long>(setting.events), static_cast<unsigned long long>(setting.keys),
              rounds);
  std::printf("%-36s %12s  %s\n", "scenario", "events/s", "CPU s per million events");
  for (const auto& scenario : scenarios) {
    const auto& rows = results[scenario.name];
    if (rows.empty()) continue;
    const auto of = [&](auto&& field) {
      std::vector<double> values;
      for (const auto& row : rows) values.push_back(field(row));
      return median(std::move(values));
    };
    std::printf("%-36s %12.0f ", scenario.name.c_str(), of([](const Figures& f) { return f.events_per_s; }));
    for (const auto& [name, cpu] : rows.front().cpu_s_per_million) {
      std::printf(" %s %.2f", name.c_str(),
                  of([&, key = name](const Figures& f) { return f.cpu_s_per_million.at(key); }));
    }
    if (scenario.tracker)
      std::printf("  (tracker done %.2f s later)", of([](const Figures& f) { return f.tracker_behind_s; }));
    std::printf("\n");
  }
}
