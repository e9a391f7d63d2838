// The publisher: orders of all keys in turn, with reminders that are to be delivered later.
#include <poll.h>
#include <reel/reel.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <vector>

#include "load.h"
#include "load_part.h"

namespace reel::test {
namespace {

volatile std::sig_atomic_t stop_publishing = 0;

std::string placed(const Order& order) {
  std::string data;
  protozero::pbf_writer writer{data};
  writer.add_string(1, order.name());
  writer.add_int64(2, static_cast<std::int64_t>(order.number));
  return data;
}

std::uint64_t unix_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds{std::chrono::system_clock::now().time_since_epoch()}.count());
}

// Soon, over a range in which all kinds of blows happen; or so late that it is never due.
std::uint64_t due_of_reminder(const Order& order) {
  constexpr std::uint64_t ms = 1'000'000;
  constexpr std::uint64_t hour = 3'600'000 * ms;
  return unix_ns() + (is_reminder_cancelled(order) ? hour : (20 + order.number * 37 % 1'500) * ms);
}

// Each key's next number. Orders with chosen ids go on behind the last answer that was written down; the
// others skip what may have been accepted without that.
std::vector<std::uint64_t> next_numbers(const Part& part) {
  std::vector<std::uint64_t> next(part.keys, 1);
  bool restarted = false;
  std::ifstream before{part.file};
  std::string id, outcome;
  std::uint64_t offset = 0;
  for (Order order; before >> offset >> id >> order.key >> order.number >> outcome; restarted = true) {
    next.at(order.key) = order.number + 1;
  }
  for (std::uint32_t key = 0; key < part.keys && restarted; ++key) {
    if (!has_chosen_id({key, 1})) next[key] += part.window;
  }
  return next;
}

class Orders {
 public:
  explicit Orders(const Part& part)
      : window_{part.window}, accepted_{part.file}, reminders_{part.reminders} {}

  void publish(const Order& order) {
    const auto name = order.name();
    const auto id = reminder_id(order);
    const auto lane = "key-" + std::to_string(order.key);
    const auto data = placed(order);
    Outgoing event{.topic = placed_topic,
                   .type = "test.v1.Placed",
                   .data = data,
                   .correlationid = name,
                   .partitionkey = lane,
                   .source = load_source};
    if (has_chosen_id(order)) event.id = name;
    send(event, order, accepted_, {});
    if (!has_reminder(order)) return;
    event.topic = reminder_topic;
    event.id = id;
    event.deliver_at = due_of_reminder(order);
    send(event, order, reminders_, event.deliver_at);
  }
  [[nodiscard]] bool flush() { return publisher_.flush(std::chrono::seconds{30}) == 0; }

 private:
  // `due`: stands in its line instead of the offset.
  void send(const Outgoing& event, const Order& order, const Lines& lines, std::optional<std::uint64_t> due) {
    while (unanswered_ >= window_ && stop_publishing == 0) ::poll(nullptr, 0, 1);
    ++unanswered_;
    publisher_.publish_async(event, [this, order, due, &lines](const PublishResult& result) {
      if (!result.ok()) {
        std::cerr << order.name() << " " << to_string(result.outcome) << " " << result.text << std::endl;
        std::abort();
      }
      lines.add(std::to_string(due.value_or(result.offset)) + " " + result.id + " " +
                std::to_string(order.key) + " " + std::to_string(order.number) + " " +
                std::string{to_string(result.outcome)} + "\n");
      --unanswered_;
    });
  }

  const std::uint64_t window_;
  const Lines accepted_;
  const Lines reminders_;
  std::atomic<std::uint64_t> unanswered_{0};
  Publisher publisher_{"load"};
};

}  // namespace

int publish(const Part& part) {
  std::signal(SIGTERM, [](int) { stop_publishing = 1; });
  std::cout << "ready" << std::endl;
  auto next = next_numbers(part);
  Orders orders{part};
  for (std::uint32_t key = 0; stop_publishing == 0; key = (key + 1) % part.keys) {
    orders.publish({key, next[key]++});
    if (key == 0) ::poll(nullptr, 0, static_cast<int>(1'000 * part.keys / part.per_second));
  }
  return orders.flush() ? 0 : 1;
}

}  // namespace reel::test
