#include "feed.h"

#include <poll.h>

#include <chrono>
#include <protozero/pbf_writer.hpp>
#include <stdexcept>

#include "load.h"

namespace reel::test {
namespace {

reel::Options connection_to(const std::string& broker) {
  reel::Options options;
  options.brokers = {broker};
  options.publish_buffer_bytes = 32u << 20;
  options.log = {};
  return options;
}

}  // namespace

Feed::Feed(Options options)
    : options_{std::move(options)},
      note_(options_.note_bytes, 'x'),
      publisher_{"feed", connection_to(options_.broker)} {}

void Feed::add(std::uint64_t count) {
  for (; count > 0; --count) {
    publish(published_);
    ++published_;
  }
}

std::uint64_t Feed::published_of(std::uint32_t key) const {
  return (published_ + options_.keys - 1 - key) / options_.keys;
}

void Feed::publish(std::uint64_t index) {
  const Order order{.key = static_cast<std::uint32_t>(index % options_.keys),
                    .number = index / options_.keys + 1};
  const auto name = order.name();
  const auto lane = "key-" + std::to_string(order.key);
  std::string data;
  protozero::pbf_writer writer{data};
  writer.add_string(1, name);
  writer.add_int64(2, static_cast<std::int64_t>(order.number));
  if (!note_.empty()) writer.add_string(4, note_);
  const Outgoing event{.topic = placed_topic,
                       .type = "test.v1.Placed",
                       .data = data,
                       .correlationid = name,
                       .partitionkey = lane};
  for (bool taken = false; !taken;) {
    taken = true;
    // Of back pressure one hears inside the call; all other answers come later and do not touch `taken`.
    publisher_.publish_async(event, [this, &taken](const PublishResult& result) {
      if (result.outcome == PublishOutcome::back_pressured) {
        taken = false;
      } else {
        take(result);
      }
    });
    if (!taken) (void)publisher_.wait_for_room(std::chrono::seconds{1});
  }
}

void Feed::take(const PublishResult& result) {
  if (result.outcome == PublishOutcome::accepted) return;
  const std::lock_guard lock{mutex_};
  if (wrong_.empty()) wrong_ = std::string{to_string(result.outcome)} + " " + result.text;
}

void Feed::finish() {
  const auto unanswered = publisher_.flush(std::chrono::minutes{2});
  const std::lock_guard lock{mutex_};
  if (!wrong_.empty()) throw std::runtime_error("not accepted: " + wrong_);
  if (unanswered != 0) throw std::runtime_error(std::to_string(unanswered) + " events were not answered");
}

Pace::Pace(Feed& feed, unsigned per_second)
    : thread_{[&feed, per_second](const std::stop_token& stop) {
        using Clock = std::chrono::steady_clock;
        const auto begin = Clock::now();
        for (std::uint64_t added = 0; !stop.stop_requested(); ::poll(nullptr, 0, 1)) {
          const std::chrono::duration<double> passed = Clock::now() - begin;
          const auto due = static_cast<std::uint64_t>(passed.count() * per_second);
          if (due > added) feed.add(due - std::exchange(added, due));
        }
      }} {}

void Pace::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace reel::test
