#include "broker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "ledger/snapshot_file.h"

namespace reel::broker {
namespace {

// Frames taken in one turn before the others get theirs.
constexpr int frames_per_turn = 512;
constexpr std::size_t bytes_per_turn = 16u << 20;
// Segments are kept for days: once a minute is soon enough, and a snapshot before it costs little.
constexpr std::uint64_t retention_interval_ns = 60'000'000'000;
// After one that could not be written: the disk is full, and a try costs what a snapshot costs.
constexpr std::uint64_t snapshot_retry_ns = 10'000'000'000;
// A batch that is somewhat too large is refused with a sentence; only far larger ones cost the connection.
constexpr std::size_t batch_slack_bytes = 1u << 20;

std::uint64_t system_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

Broker::Broker(const config::Model& config, const SchemaSet& schemas, Journal& journal,
               std::filesystem::path snapshot_path)
    : snapshot_events_{config.broker.snapshot_events},
      journal_{journal},
      snapshot_path_{std::move(snapshot_path)},
      front_{context_, config.broker.listen, config.broker.batch_bytes_max + batch_slack_bytes},
      tap_{context_, config.broker.live},
      desk_{config,
            schemas,
            journal,
            tap_,
            system_clock_ns,
            [this](const RoutingId& to, const v1::FromBroker& frame, std::string batch) {
              return front_.send(to, frame, std::move(batch));
            }} {
  auto saved = read_snapshot(snapshot_path_);
  if (!saved.note.empty()) spdlog::warn("broker    snapshot_ignored reason=\"{}\"", saved.note);
  snapshot_offset_ = desk_.recover(saved.snapshot);
  save_snapshot(desk_.now());  // which also notes where the journal begins
}

void Broker::run(int stop_fd) {
  std::array<zmq::pollitem_t, 4> items{{{front_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {tap_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {nullptr, journal_.event_fd(), ZMQ_POLLIN, 0},
                                        {nullptr, stop_fd, ZMQ_POLLIN, 0}}};
  while ((items[3].revents & ZMQ_POLLIN) == 0) {
    const bool room = desk_.has_room();
    items[0].events = room ? ZMQ_POLLIN : short{0};
    zmq::poll(items, until_next_deadline());
    if (!room || !take_frames()) desk_.excuse_silence();
    if ((items[1].revents & ZMQ_POLLIN) != 0) tap_.take_subscriptions();
    for (auto& done : journal_.take_done()) desk_.take(std::move(done));
    desk_.turn();
    desk_.tick();
    retain(desk_.now());
  }
  desk_.say_goodbye_to_all();
  save_snapshot(desk_.now());
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

void Broker::retain(LogTime now) {
  // A disk that has just become full: what retention gives up may be all that is needed.
  const bool well = desk_.journal_is_well();
  if (std::exchange(journal_was_well_, well) && !well) next_retention_ = now;
  if (now >= next_retention_) {
    next_retention_ = now + retention_interval_ns;
    // What no snapshot holds yet is in the journal only: subscriptions, floors, dead letters.
    if (desk_.committed_end() > snapshot_offset_) save_snapshot(now);
    desk_.make_room(journal_.retained_from(now));
    const auto freed = journal_.retain(std::min(desk_.needed_from(), snapshot_offset_), now);
    desk_.retained();
    if (freed > 0) {
      save_snapshot(now);
      spdlog::info("journal   retained begin_offset={} freed_bytes={}", journal_.begin_offset(), freed);
    }
  }
  const bool due = desk_.committed_end() >= snapshot_offset_ + snapshot_events_;
  if (due && now >= next_snapshot_) save_snapshot(now);
}

void Broker::save_snapshot(LogTime now) {
  const auto snapshot = desk_.snapshot();
  const auto wrong = write_snapshot(snapshot_path_, snapshot);
  if (!wrong) {
    snapshot_offset_ = snapshot.offset();
    snapshot_trouble_.clear();
    return;
  }
  next_snapshot_ = now + snapshot_retry_ns;
  if (std::exchange(snapshot_trouble_, *wrong) != *wrong) {
    spdlog::warn("broker    snapshot_failed reason=\"{}\"", *wrong);
  }
}

}  // namespace reel::broker
