// How late an alarm is: the tracker at work with its store on disk, a million flows open, traffic beside.
//
//   alarm_bench [FLOWS] [EVENTS_PER_S] [SECONDS]          default: 1,000,000 flows, 50,000/s, 20 s
//
// FLOWS are opened first and wait for something that comes in an hour. Then traffic is paced by the clock:
// pairs of events, of which the second comes a second after the first and one in a hundred never; it was due
// two seconds after the first. How late the alarm is: from the deadline, a log time of this machine's clock,
// until the verdict is handed to the bus. What the bus adds (how often it tells the log time on) is not in
// here: `bus_bench` and tests/path have it. Log times are given out by this program, which plays the bus.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "event/uuid.h"
#include "reel/v1/flow.pb.h"
#include "tracker/watch.h"

using namespace reel;
using namespace reel::tracker;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t delivery_events_max = 500;
constexpr std::uint64_t second = 1'000'000'000;
constexpr std::size_t dropped_one_in = 100;

std::uint64_t wall_clock() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / 1ns);
}

std::string id_of(std::string_view what, std::size_t flow) {
  return uuid_v8(hash_128({what, std::to_string(flow)}));
}

/// The bus: it has the events ready whose time has come, and notes when a verdict is handed to it.
class PacedBus final : public Inbox, public Outlet {
 public:
  PacedBus(std::size_t flows, std::size_t events_per_s) : flows_{flows}, interval_{second / events_per_s} {}

  void begin(const std::vector<std::string>&) override {}
  void begin_again(const std::vector<std::string>&, SchemaSet) override {}
  void mark() override {}
  void acknowledge() override { ++checkpoints; }

  /// From now on there is traffic.
  void starts_traffic() {
    began_ = wall_clock();
    checkpoints = 0;
  }
  [[nodiscard]] bool filled() const { return filled_ == flows_; }
  [[nodiscard]] std::uint64_t given() const { return offset_; }

  Delivery next(std::chrono::milliseconds wait) override {
    texts_.clear();
    events_.clear();
    if (!joined_) {
      joined_ = true;
      return {.kind = Delivery::Kind::joined, .end_offset = 1, .log_time = wall_clock()};
    }
    began_ == 0 ? fill() : follow(wait);
    // The clock was read after the last of them came, and before the next.
    return {.events = seen(), .watermark = upto_};
  }

  void send(std::uint64_t number, const stored::Outgoing& event) override {
    answers_.push_back({number, Answer::Outcome::published, ""});
    if (event.topic() != "reel.flow.overdue") return;
    v1::FlowOverdue verdict;
    if (!verdict.ParseFromString(event.data())) throw std::runtime_error{"a verdict that cannot be read"};
    const auto now = wall_clock();
    late_ms.push_back(static_cast<double>(now - std::min(now, verdict.deadline())) / 1e6);
    returned_.push_back(event);  // a verdict is an event of the log as well
  }
  std::vector<Answer> take_answers(std::chrono::milliseconds) override { return std::exchange(answers_, {}); }

  std::vector<double> late_ms;
  std::size_t checkpoints = 0;

 private:
  struct Made {
    std::string id, flow, data;
    std::string_view topic, source;
    std::uint64_t log_time;
  };

  void fill() {
    upto_ = wall_clock();
    for (; filled_ < flows_ && texts_.size() < delivery_events_max; ++filled_)
      add("claim.filed", id_of("waiting", filled_), id_of("claim.filed", filled_), upto_);
  }

  // Waits until something is due, not longer than the tracker wants to.
  void follow(std::chrono::milliseconds wait) {
    const std::uint64_t due = began_ + scheduled_ * interval_;
    const auto until = std::min<std::uint64_t>(due, wall_clock() + static_cast<std::uint64_t>(wait / 1ns));
    for (auto now = wall_clock(); now < until; now = wall_clock())
      std::this_thread::sleep_for(std::chrono::nanoseconds{until - now});
    upto_ = wall_clock();
    for (const auto& event : std::exchange(returned_, {}))
      texts_.push_back(
          {event.id(), event.correlationid(), event.data(), event.topic(), tracker_source, upto_});
    for (; texts_.size() < delivery_events_max; ++scheduled_) {
      const std::uint64_t at = began_ + scheduled_ * interval_;
      if (at > upto_) return;
      const std::size_t pair = scheduled_ / 2;
      const std::size_t pairs_behind = second / interval_ / 2;
      if (scheduled_ % 2 == 0) {
        add("order.placed", id_of("order", pair), id_of("order.placed", pair), upto_);
      } else if (pair >= pairs_behind && (pair - pairs_behind) % dropped_one_in != 0) {
        add("payment.captured", id_of("order", pair - pairs_behind), id_of("payment", pair), upto_);
      }
    }
    // More is due: time has passed only as far as that.
  }

  void add(std::string_view topic, std::string flow, std::string id, std::uint64_t at) {
    texts_.push_back({std::move(id), std::move(flow), {}, topic, "svc/1", at});
  }

  std::vector<EventSeen> seen() {
    for (const Made& made : texts_) {
      events_.push_back({.offset = ++offset_,
                         .log_time = made.log_time,
                         .id = made.id,
                         .correlationid = made.flow,
                         .topic = made.topic,
                         .source = made.source,
                         .data = made.data});
    }
    return std::exchange(events_, {});
  }

  std::size_t flows_;
  std::uint64_t interval_;
  std::size_t filled_ = 0;
  std::uint64_t began_ = 0;
  std::uint64_t scheduled_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t upto_ = 0;
  bool joined_ = false;
  std::vector<Made> texts_;
  std::vector<EventSeen> events_;
  std::vector<stored::Outgoing> returned_;
  std::vector<Answer> answers_;
};

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reel-alarms-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error{"cannot make a temporary folder"};
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

config::Model mesh() {
  config::Flow claims;
  claims.start = "claim.filed";
  claims.end = {"claim.settled"};
  claims.expect.push_back({.any_of = {"claim.settled"}, .after = "claim.filed", .within = 1h});
  config::Flow orders;
  orders.start = "order.placed";
  orders.end = {"payment.captured"};
  orders.expect.push_back({.any_of = {"payment.captured"}, .after = "order.placed", .within = 2s});
  config::Model model;
  model.flows = {{"claims", claims}, {"orders", orders}};
  return model;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::size_t fallback) {
    return argc > at ? static_cast<std::size_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  const std::size_t flows = argument(1, 1'000'000);
  const std::size_t events_per_s = argument(2, 50'000);
  const std::chrono::seconds span{argument(3, 20)};

  TempFolder folder;
  Store store{folder.path()};
  PacedBus bus{flows, events_per_s};
  BackgroundCommitter committer{store};
  Watch watch{mesh(), store, committer, bus, bus};
  const auto now = [] { return std::chrono::steady_clock::now(); };
  while (!bus.filled()) watch.turn(10ms, now());
  watch.checkpoint(now());

  const std::uint64_t before = bus.given();
  bus.starts_traffic();
  double longest_turn_ms = 0;
  const auto begin = now();
  while (now() - begin < span) {
    const auto turn = now();
    watch.turn(1ms, turn);
    longest_turn_ms =
        std::max(longest_turn_ms, std::chrono::duration<double, std::milli>{now() - turn}.count());
  }
  auto& late = bus.late_ms;
  if (late.empty()) throw std::runtime_error{"no alarm was due: give it more than two seconds"};
  std::sort(late.begin(), late.end());
  const auto at = [&](double share) {
    return late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))];
  };
  std::printf(
      "alarms   open_flows=%zu events_per_s=%.0f checkpoints=%zu alarms=%zu late_p50_ms=%.2f "
      "late_p99_ms=%.2f "
      "late_max_ms=%.2f longest_turn_ms=%.2f\n",
      watch.tracker().timers(),
      static_cast<double>(bus.given() - before) / std::chrono::duration<double>{now() - begin}.count(),
      bus.checkpoints, late.size(), at(0.5), at(0.99), late.back(), longest_turn_ms);
}
