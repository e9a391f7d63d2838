#include "run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "arrival_check.h"
#include "page.h"
#include "peer.h"
#include "process_account.h"
#include "roles.h"

namespace reel::bench {
namespace {

using test::eventually;
using test::patience;
using namespace std::chrono_literals;

/// What is lost on the way never comes: nothing has for so long.
constexpr std::chrono::seconds still_max{15};

/// What comes twice may do so after everything has come once and is settled.
constexpr std::chrono::milliseconds stragglers_may_come{300};

/// About what a run writes, at least and at most.
constexpr std::uint64_t touched_bytes_min = 1ull << 30;
constexpr std::uint64_t touched_bytes_max = 4ull << 30;
/// What stands in the journal around a payload.
constexpr std::uint64_t around_payload_bytes = 200;

// On a virtual machine whose host takes back what is free, the first touch of a page costs some 5 us: nothing
// for who writes little, a third of a processor at 300 MB/s. That is the machine's, and depends on what ran
// before. So before each run, whoever's it is, as much is written to a file that is gone when it begins.
void touch_page_cache(const std::filesystem::path& dir, const Task& task) {
  const std::uint64_t written = task.events * (task.payload_bytes + around_payload_bytes);
  const std::uint64_t touched_bytes = std::clamp(written, touched_bytes_min, touched_bytes_max);
  std::ofstream file{dir / "touched", std::ios::binary};
  const std::string block(1u << 20, 'x');
  for (std::uint64_t bytes = 0; bytes < touched_bytes && file; bytes += block.size()) file << block;
  file.close();
  if (!file)
    throw std::runtime_error{"cannot write " + std::to_string(touched_bytes) + " bytes to " + dir.string()};
  std::filesystem::remove(dir / "touched");
}

struct Part {
  std::string name;  ///< "broker", "senders", …
  std::unique_ptr<test::Process> process;
  double cpu_before_s = 0;
  double resident_before_mib = 0;
};

class Run {
 public:
  Run(Task task, Profiler* profiler)
      : profiler_{profiler},
        peer_{make_peer(task.peer.view())},
        task_{in_dir(task)},
        page_{Page::make(page_path(task_), task_)} {
    touch_page_cache(dir_.path(), task_);
    for (auto& [name, process] : peer_->start(page_->task)) parts_.push_back({name, std::move(process)});
  }

  Figures figures() {
    if (profiler_ != nullptr && task().course != Course::race)
      throw std::invalid_argument{
          "only a scenario in which everybody is there from the start can be profiled"};
    if (task().course == Course::catch_up) return catch_up();
    if (task().course == Course::restart) return catch_up_after_restart();
    start_receivers();
    wait_for_receivers();
    start_senders();
    open_the_way();
    const std::uint64_t began = begin();
    wait_for_arrivals();
    return finish(began);
  }

 private:
  Task in_dir(Task task) {
    task.dir = Text{dir_.path().string()};
    return task;
  }
  Shared& shared() { return *page_; }
  const Task& task() { return shared().task; }

  Figures catch_up() {
    send_everything();
    take_account();
    const std::uint64_t began = now_ns();
    start_receivers();
    wait_for_arrivals();
    return finish(began);
  }

  /// What waits for receivers that are away: what it takes of the broker's memory, and how soon a broker that
  /// is killed is back with it.
  Figures catch_up_after_restart() {
    start_receivers();
    wait_for_receivers();
    std::erase_if(parts_, [](const Part& part) { return part.name == "receivers"; });
    const double before_mib = resident_mib(part("broker").process->pid());
    send_everything();
    const double waiting_bytes = (resident_mib(part("broker").process->pid()) - before_mib) * 1024 * 1024;
    restart();
    take_account();
    const std::uint64_t began = now_ns();
    start_receivers();
    wait_for_arrivals();
    Figures figures = finish(began);
    figures["bytes_per_waiting_event"] = waiting_bytes / static_cast<double>(task().events);
    figures["restart_ms"] = restart_ms_;
    return figures;
  }

  void restart() {
    std::erase_if(parts_, [](const Part& part) { return part.name == "broker"; });  // kill -9
    const std::uint64_t began = now_ns();
    for (auto& [name, process] : peer_->restart(task())) parts_.push_back({name, std::move(process)});
    restart_ms_ = static_cast<double>(now_ns() - began) / 1e6;
  }

  void send_everything() {
    shared().warm = 1;
    start_senders();
    (void)begin();
    wait(60s, "the senders are not done", [&] { return shared().senders_done == task().senders; });
  }

  Part& part(std::string_view name) {
    return *std::find_if(parts_.begin(), parts_.end(),
                         [name](const Part& part) { return part.name == name; });
  }

  void start_receivers() {
    for (std::uint32_t i = 0; i < task().receivers; ++i)
      parts_.push_back({"receivers", start_role(task(), "receive", i)});
  }

  void wait_for_receivers() {
    wait(patience, "a receiver is not subscribed", [&] { return peer_->joined(task()); });
  }

  void start_senders() {
    for (std::uint32_t i = 0; i < task().senders; ++i)
      parts_.push_back({"senders", start_role(task(), "send", i)});
    if (shared().warm != 0) wait_for_senders();
  }

  void open_the_way() {
    wait(patience, "nothing comes through", [&] { return warmed(); });
    shared().warm = 1;
    // What was on its way then is at rest before the clock starts.
    wait(patience, "the bus does not come to rest", [&] { return warmed() && peer_->settled(task()); });
    wait_for_senders();
  }

  void wait_for_senders() {
    for (std::uint32_t i = 0; i < task().senders; ++i) wait_for(shared().senders_ready);
  }

  /// Whether the last warm-up sent has come to everybody.
  bool warmed() {
    const std::uint64_t sent = shared().warm_ups;
    return sent > 0 && std::all_of(shared().groups.begin(), shared().groups.begin() + task().groups(),
                                   [sent](const Arrivals& group) { return group.warmed == sent; });
  }

  std::uint64_t begin() {
    start_profiler();
    take_account();
    const std::uint64_t began = now_ns();
    for (std::uint32_t i = 0; i < task().senders; ++i) (void)::sem_post(&shared().go);
    return began;
  }

  void start_profiler() {
    if (profiler_ == nullptr) return;
    PartNames names;
    for (const Part& part : parts_) names[part.process->pid()] = part.name;
    profiler_->start(names);
  }

  void take_account() {
    for (Part& part : parts_) {
      part.cpu_before_s = cpu_seconds(part.process->pid());
      part.resident_before_mib = resident_mib(part.process->pid());
    }
  }

  std::uint64_t arrived() {
    std::uint64_t arrived = 0;
    for (std::uint32_t i = 0; i < task().groups(); ++i) arrived += shared().groups[i].arrived;
    return arrived;
  }

  void wait_for_arrivals() {
    const std::uint64_t expected = task().events_per_sender() * task().senders * task().groups();
    for (std::uint64_t before = 0; before < expected;) {
      const auto more = [&] { return arrived() > before; };
      if (!eventually(more, still_max)) break;
      before = arrived();
      look_after_processes();
    }
    check_arrivals();
  }

  void check_arrivals() {
    const std::uint64_t expected = task().events_per_sender() * task().senders;
    for (std::uint32_t i = 0; i < task().groups(); ++i) {
      const std::string complaint = complaint_of(shared().groups[i], expected);
      if (!complaint.empty()) throw std::runtime_error{complaint};
    }
  }

  Figures finish(std::uint64_t began) {
    wait(60s, "a sender is not done", [&] { return shared().senders_done == task().senders; });
    std::uint64_t ended = 0;
    if (task().guarantee != Guarantee::live) {
      wait(60s, "not everything is settled", [&] { return peer_->settled(task()); });
      ended = now_ns();
    }
    for (std::uint32_t i = 0; i < task().groups(); ++i) {
      Count& finished = shared().groups[i].finished_ns;  // said a moment after the last one was counted
      wait(patience, "a receiver does not say when it was done", [&] { return finished != 0; });
      ended = std::max<std::uint64_t>(ended, finished);
    }
    Figures figures = peer_->aftermath(task());
    if (profiler_ != nullptr) profiler_->stop();
    const auto rate = [&](double seconds) { return static_cast<double>(task().events) / seconds; };
    const double seconds = static_cast<double>(ended - began) / 1e9;
    figures["events_per_s"] = rate(seconds);
    if (const auto behind = figures.find("tracker_behind_s"); behind != figures.end())
      figures["caught_up_per_s"] = rate(seconds + behind->second);
    add_cpu(figures);
    if (task().rate_per_s > 0) add_latencies(figures);
    std::this_thread::sleep_for(stragglers_may_come);
    check_arrivals();
    return figures;
  }

  void add_cpu(Figures& figures) {
    for (const Part& part : parts_) {
      const double per_million =
          (cpu_seconds(part.process->pid()) - part.cpu_before_s) / static_cast<double>(task().events) * 1e6;
      figures["cpu_" + part.name] += per_million;
      figures["cpu"] += per_million;
      if (part.name == "broker") figures["broker_peak_mib"] = peak_mib(part.process->pid());
      if (part.name == "tracker") {
        const double grown = (resident_mib(part.process->pid()) - part.resident_before_mib) * 1024 * 1024;
        figures["tracker_bytes_per_flow"] = grown / static_cast<double>(task().keys);
      }
    }
  }

  void add_latencies(Figures& figures) {
    const auto& counts = shared().groups[0].latencies;
    figures["p50_us"] = static_cast<double>(cli::percentile_of(counts, 50)) / 1e3;
    figures["p99_us"] = static_cast<double>(cli::percentile_of(counts, 99)) / 1e3;
    figures["p999_us"] = static_cast<double>(cli::percentile_of(counts, 99.9)) / 1e3;
  }

  template <class Condition>
  void wait(std::chrono::milliseconds limit, const char* else_what, Condition condition) {
    if (eventually(
            [&] {
              look_after_processes();
              return condition();
            },
            limit))
      return;
    std::string text = else_what;
    for (const Part& part : parts_) text += "\n" + part.name + ":\n" + part.process->output();
    throw std::runtime_error{text};
  }

  void look_after_processes() {
    for (Part& part : parts_) {
      if (!part.process->running())
        throw std::runtime_error{"one of the " + part.name + " has ended:\n" + part.process->output()};
    }
  }

  Profiler* profiler_;
  double restart_ms_ = 0;
  test::TempDir dir_;
  std::unique_ptr<Peer> peer_;
  Task task_;
  Page page_;
  std::vector<Part> parts_;
};

}  // namespace

Figures run(const Task& task, Profiler* profiler) {
  return Run{task, profiler}.figures();
}

}  // namespace reel::bench
