#include "desk/snapshots.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "ledger/snapshot_file.h"

namespace reel::broker {
namespace {

// Segments are kept for days: once a minute is soon enough, and a snapshot before it costs little.
constexpr std::uint64_t retention_interval_ns = 60'000'000'000;
// After one that could not be written: the disk is full, and a try costs what a snapshot costs.
constexpr std::uint64_t snapshot_retry_ns = 10'000'000'000;
// At the end: longer than a disk takes to sync what an idle system has not, short of what whoever stops a
// program waits before they kill it. Without it the next start reads more, that is all.
constexpr std::chrono::milliseconds finish_patience{10'000};

}  // namespace

Snapshots::Snapshots(Desk& desk, Journal& journal, std::filesystem::path path, Offset events)
    : desk_{desk}, journal_{journal}, path_{std::move(path)}, events_{events} {}

void Snapshots::recover() {
  auto saved = read_snapshot(path_);
  if (!saved.note.empty()) spdlog::warn("broker    snapshot_ignored reason=\"{}\"", saved.note);
  offset_ = desk_.recover(saved.snapshot);
  begin();  // which also notes where the journal begins
  write_when_synced(desk_.now());
}

void Snapshots::turn() {
  const auto now = desk_.now();
  // A disk that has just become full: what retention gives up may be all that is needed.
  const bool well = desk_.journal_is_well();
  if (std::exchange(journal_was_well_, well) && !well) next_retention_ = now;
  if (now >= next_retention_) {
    next_retention_ = now + retention_interval_ns;
    // The disk has not taken the snapshot in all this time: what the one before allows.
    if (retention_waits_) delete_segments(now);
    // What no snapshot holds yet is in the journal only: subscriptions, floors, dead letters.
    if (desk_.committed_end() > offset_) begin();
    desk_.make_room(journal_.retained_from(now));
    retention_waits_ = true;
  }
  if (desk_.committed_end() >= offset_ + events_ && now >= next_try_) begin();
  write_when_synced(now);
  if (retention_waits_ && !waits_) delete_segments(now);
}

void Snapshots::finish() {
  begin();
  const auto until = std::chrono::steady_clock::now() + finish_patience;
  for (write_when_synced(desk_.now()); waits_; write_when_synced(desk_.now())) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    journal_.commit();
    pollfd bell{.fd = journal_.event_fd(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&bell, 1, static_cast<int>(left.count())) == 0) {
      spdlog::warn("broker    snapshot_skipped: the journal was not synced in time");
      return;
    }
    for (auto& done : journal_.take_done()) desk_.take(std::move(done));
  }
}

void Snapshots::begin() {
  if (waits_) return;
  waits_ = desk_.snapshot();
  if (journal_.synced_end() < waits_->offset()) journal_.sync();
}

void Snapshots::write_when_synced(LogTime now) {
  if (!waits_ || journal_.synced_end() < waits_->offset()) return;
  const auto snapshot = *std::exchange(waits_, std::nullopt);
  const auto wrong = write_snapshot(path_, snapshot);
  if (!wrong) {
    offset_ = snapshot.offset();
    trouble_.clear();
    return;
  }
  next_try_ = now + snapshot_retry_ns;
  if (std::exchange(trouble_, *wrong) == *wrong) return;
  spdlog::error(
      "broker    snapshot_failed reason=\"{}\" (until it can be written, retention deletes nothing new)",
      trouble_);
}

void Snapshots::delete_segments(LogTime now) {
  retention_waits_ = false;
  const auto freed = journal_.retain(std::min(desk_.needed_from(), offset_), now);
  desk_.retained();
  if (freed == 0) return;
  begin();
  spdlog::info("journal   retained begin_offset={} freed_bytes={}", journal_.begin_offset(), freed);
}

}  // namespace reel::broker
