#include "service/delayed_moves.h"

#include <spdlog/spdlog.h>

namespace reel::broker {
namespace {

// Read and written together.
constexpr std::size_t moved_events_max = 256;
constexpr std::size_t record_bytes_max = 1u << 20;
// Of one call, which comes once a minute: a megabyte a second, however much waits. Where the events that
// wait are more than retain_bytes, the journal is larger than that, rather than written over and over.
constexpr std::size_t moved_bytes_max = 64u << 20;

}  // namespace

void DelayedMoves::move_below(Offset limit) {
  if (busy_) return;
  busy_ = true;
  from_ = 0;
  limit_ = limit;
  bytes_ = 0;
  next();
}

void DelayedMoves::next() {
  const auto offsets =
      bytes_ < moved_bytes_max ? delays_.between(from_, limit_, moved_events_max) : std::vector<Offset>{};
  if (offsets.empty()) {
    busy_ = false;
    if (bytes_ > 0) spdlog::info("broker    delayed_moved bytes={} below_offset={}", bytes_, limit_);
    return;
  }
  from_ = offsets.back() + 1;  // what cannot be read is not asked for again in this call
  unread_ = offsets.size();
  reads_.each(offsets, [this](const EventAt& event) { found(event); });
}

void DelayedMoves::found(const EventAt& event) {
  auto delayed = event.batch ? delayed_at(*event.batch, event.offset) : std::nullopt;
  // It may have come due, or been cancelled, while it was read.
  if (delayed && delays_.take(event.offset)) {
    records_.add_moved(*std::move(delayed), event.offset);
    ++moved_;
  }
  const bool last = --unread_ == 0;
  if (last || records_.bytes() >= record_bytes_max) append();
  if (last) publishing_.append({}, {}, [this](const StoredBatchPtr&) { next(); });  // once that is committed
}

void DelayedMoves::append() {
  if (records_.empty()) return;
  bytes_ += records_.bytes();
  publishing_.append({}, records_.take(), {});
}

}  // namespace reel::broker
