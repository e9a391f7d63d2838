#include "tally.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <stop_token>

#include "load.h"
#include "process.h"
#include "reel/query.h"

namespace reel::test {

std::uint64_t clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

void Tally::take(const Context& context) {
  const auto now = clock_ns();
  const auto order = Order::named(context.correlationid());
  if (!order || order->key >= lanes_.size()) throw Reject{"not an order of the feed"};
  auto& lane = lanes_[order->key];
  if (const auto before = lane.last.exchange(order->number); order->number != before + 1) {
    const std::lock_guard lock{mutex_};
    if (wrong_.empty()) wrong_ = order->name() + " came after number " + std::to_string(before);
  }
  lane.samples.push_back({context.time(), now > context.time() ? now - context.time() : 0});
  ++count_;
}

std::string Tally::wrong() const {
  const std::lock_guard lock{mutex_};
  return wrong_;
}

std::vector<double> Tally::waits_ms(std::uint64_t from_ns, std::uint64_t to_ns, std::uint32_t except) const {
  std::vector<double> waits;
  for (std::size_t key = 0; key < lanes_.size(); ++key) {
    if (key == except) continue;
    for (const auto& sample : lanes_[key].samples) {
      if (sample.published_ns < from_ns || sample.published_ns >= to_ns) continue;
      waits.push_back(static_cast<double>(sample.wait_ns) / 1e6);
    }
  }
  std::sort(waits.begin(), waits.end());
  return waits;
}

double quantile(const std::vector<double>& ascending, double part) {
  if (ascending.empty()) return 0;
  return ascending[static_cast<std::size_t>(part * static_cast<double>(ascending.size() - 1))];
}

Running::Running(const std::string& name, const Options& options, std::function<void(Context&)> handler)
    : service_{name, options} {
  service_.start_from(Start::oldest());
  service_.on_raw(placed_topic, std::move(handler));
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    const std::stop_callback when_told{stop, [this] { service_.stop(); }};
    code_ = service_.run();
  }};
  QueryClient broker{options.brokers.front()};
  v1::Request request;
  request.mutable_services();
  const auto joined = [&](const v1::ServicesReply::Service& one) {
    return one.service() == name &&
           std::any_of(one.instances().begin(), one.instances().end(),
                       [&](const auto& instance) { return instance.instance() == service_.instance(); });
  };
  const bool there = eventually([&] {
    const auto reply = broker.ask(request);
    return std::any_of(reply.services().services().begin(), reply.services().services().end(), joined);
  });
  if (!there) throw std::runtime_error(name + " did not subscribe");
}

int Running::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return code_;
}

}  // namespace reel::test
