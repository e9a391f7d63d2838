#include "broker.h"

#include <array>
#include <ctime>
#include <utility>

namespace reel::broker {
namespace {

// Frames taken in one turn before the others get theirs.
constexpr int frames_per_turn = 512;
constexpr std::size_t bytes_per_turn = 16u << 20;
// Far below any time after which somebody counts as silent.
constexpr std::chrono::milliseconds deaf_after{100};
// A batch that is somewhat too large is refused with a sentence; only far larger ones cost the connection.
constexpr std::size_t batch_slack_bytes = 1u << 20;

std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

Broker::Broker(const config::Model& config, const SchemaSet& schemas, Journal& journal,
               std::filesystem::path snapshot_path)
    : journal_{journal},
      front_{context_, config.broker.listen, config.broker.batch_bytes_max + batch_slack_bytes},
      tap_{context_, config.broker.live},
      desk_{config,
            schemas,
            journal,
            tap_,
            [] { return clock_ns(CLOCK_REALTIME); },
            [this](const RoutingId& to, const v1::FromBroker& frame, Body batch) {
              return front_.send(to, frame, std::move(batch));
            },
            [] { return clock_ns(CLOCK_MONOTONIC); }},
      snapshots_{desk_, journal, std::move(snapshot_path), config.broker.snapshot_events} {
  snapshots_.recover();
}

void Broker::serve_reloads(Reread reread, std::function<void(config::Mesh&)> exchange) {
  desk_.serve_reloads(std::move(reread), [this, exchange = std::move(exchange)](config::Mesh& wanted) {
    snapshots_.set_events(wanted.model.broker.snapshot_events);
    exchange(wanted);
  });
}

void Broker::run(const Wishes& wishes) {
  std::array<zmq::pollitem_t, 4> items{{{front_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {tap_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {nullptr, journal_.event_fd(), ZMQ_POLLIN, 0},
                                        {nullptr, wishes.fd, ZMQ_POLLIN, 0}}};
  bool deaf = false;
  for (bool stop = false; !stop;) {
    const bool room = desk_.has_room();
    items[0].events = room ? ZMQ_POLLIN : short{0};
    zmq::poll(items, until_next_deadline());
    if (!room || !take_frames()) desk_.excuse_silence();
    if ((items[1].revents & ZMQ_POLLIN) != 0) tap_.take_subscriptions();
    const auto heard_at = std::chrono::steady_clock::now();
    journal_.commit();
    for (auto& done : journal_.take_done()) desk_.take(std::move(done));
    desk_.turn();
    // Who was held up, by a disk mostly, first hears what came meanwhile; then he judges who is silent.
    deaf = !deaf && std::chrono::steady_clock::now() - heard_at > deaf_after;
    if (front_.has_lost_connection()) desk_.connection_ended();
    if (!deaf) desk_.tick();
    snapshots_.turn();
    while ((items[3].revents & ZMQ_POLLIN) != 0 && !stop) {
      const auto wish = wishes.take();
      if (wish == Wishes::Wish::none) break;
      stop = wish == Wishes::Wish::stop;
      if (!stop) desk_.reload(wishes.by);
    }
    journal_.commit();  // what this turn has added
  }
  desk_.say_goodbye_to_all();
  snapshots_.finish();
}

bool Broker::take_frames() {
  std::size_t bytes = 0;
  for (int i = 0; i < frames_per_turn && bytes < bytes_per_turn; ++i) {
    const auto incoming = front_.receive();
    if (!incoming) return true;
    bytes += incoming->batch.size();
    desk_.take(*incoming);
  }
  return false;
}

std::chrono::milliseconds Broker::until_next_deadline() {
  const auto now = desk_.now();
  const auto next = desk_.next_deadline();
  return std::chrono::milliseconds{next <= now ? 0 : (next - now + 999'999) / 1'000'000};
}

}  // namespace reel::broker
