#include "stream_queue.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "delivery.h"
#include "event/batch.h"
#include "stream_events.h"

namespace reel::sdk {
bool read_events(std::string_view bytes, std::size_t events_max, std::vector<StreamEvent>& events) {
  BatchReader batch{bytes};
  while (auto run = batch.next_run()) {
    while (const auto event = run->next_event()) {
      if (events.size() == events_max) return false;
      events.push_back(stream_event(run->head, *event));
    }
    if (run->malformed()) return false;
  }
  return !batch.malformed();
}

// What the broker says now holds, be it less than before: it may have come back without its newest events,
// and others stand at their offsets since.
void StreamQueue::subscribed(const v1::Subscribed& subscribed) {
  end_offset_ = subscribed.end_offset();
  next_offset_ = given_upto_ = subscribed.first_offset();
  joined_at_ = joined_at_ == 0 ? end_offset_ : std::min(joined_at_, end_offset_);
  items_.push_back({.kind = Item::Kind::joined,
                    .first_offset = subscribed.first_offset(),
                    .log_time = subscribed.log_time()});
}

void StreamQueue::delivered(const v1::Deliver& deliver, Body body) {
  items_.push_back({.deliver = deliver, .body = std::move(body)});
}

void StreamQueue::beaten(const v1::BrokerBeat& beat) {
  end_offset_ = std::max(end_offset_, beat.end_offset());
  if (beat.watermark() == 0) return;
  if (items_.empty()) return advance(beat.watermark(), beat.end_offset());
  items_.back().watermark = beat.watermark();
  items_.back().upto = beat.end_offset();
}

void StreamQueue::advance(std::uint64_t watermark, std::uint64_t upto) {
  watermark_ = std::max(watermark_, watermark);
  given_upto_ = std::max(given_upto_, upto);
  next_offset_ = std::max(next_offset_, upto);
}

void StreamQueue::settled(std::uint64_t sequence) {
  std::erase(in_flight_, sequence);
}

void StreamQueue::lost() {
  items_.clear();
  outstanding_.clear();
  by_batch_.clear();
  acks_.clear();
  in_flight_.clear();
}

void StreamQueue::refused(const std::string& text) {
  lost();
  items_.push_back({.kind = Item::Kind::refused, .text = text});
}

std::optional<std::uint64_t> StreamQueue::goes_on_at(bool last_per_topic) const {
  if (last_per_topic && next_offset_ < joined_at_) return std::nullopt;
  return next_offset_ == 0 ? std::nullopt : std::optional{next_offset_};
}

bool StreamQueue::next(StreamBatch& batch) {
  given_ = {};
  given_events_.clear();
  batch.number = ++batches_;
  batch.kind = StreamBatch::Kind::idle;
  bool readable = true;
  if (!items_.empty()) {
    given_ = std::move(items_.front());
    items_.pop_front();
    switch (given_.kind) {
      case Item::Kind::joined:
        batch.kind = StreamBatch::Kind::joined;
        batch.first_offset = given_.first_offset;
        batch.log_time = given_.log_time;
        break;
      case Item::Kind::refused:
        batch.kind = StreamBatch::Kind::refused;
        batch.text = given_.text;
        items_.push_back(given_);  // and so it stays
        break;
      case Item::Kind::delivery:
        batch.kind = StreamBatch::Kind::events;
        readable = read_events(given_.body.bytes, delivered_events_max, given_events_);
        break;
    }
  }
  if (batch.kind == StreamBatch::Kind::events && readable) {
    std::size_t at = 0;
    const bool sane = for_each_place(given_.deliver.spans(), given_events_.size(),
                                     [&](std::uint64_t offset, std::uint64_t log_time) {
                                       auto& event = given_events_[at++];
                                       event.offset = offset;
                                       event.recordedtime = log_time;
                                       event.attempt = given_.deliver.attempt();
                                       next_offset_ = std::max(next_offset_, offset + 1);
                                     });
    readable = sane && at == given_events_.size();
    if (readable) {
      for (const auto& span : given_.deliver.spans()) {
        if (span.count() != 0)
          put_outstanding(span.offset(), {span.count(), given_.deliver.delivery(), batches_});
      }
    }
  }
  if (!readable) {
    batch.kind = StreamBatch::Kind::idle;
    return false;
  }
  batch.events = given_events_;
  advance(given_.watermark, given_.upto);
  batch.watermark = watermark_;
  batch.given_upto = given_upto_;
  batch.end_offset = end_offset_;
  return true;
}

// It looks at what it acks alone: a reader may have tens of thousands of deliveries outstanding.
void StreamQueue::ack_upto(std::uint64_t batch_number) {
  const auto end = by_batch_.upper_bound({batch_number, std::numeric_limits<std::uint64_t>::max()});
  for (auto at = by_batch_.begin(); at != end; at = by_batch_.erase(at)) {
    const std::uint64_t first = at->second;
    const auto given = outstanding_.find(first);
    assert(given != outstanding_.end() && given->second.batch == at->first && "both say the same");
    const Range range = given->second;
    outstanding_.erase(given);
    // Deliveries mostly follow one another: one range for many.
    if (!acks_.empty() && acks_.back().first() + acks_.back().count() == first &&
        acks_.back().delivery() == range.delivery && acks_.back().count() < UINT32_MAX - range.count) {
      acks_.back().set_count(acks_.back().count() + range.count);
      continue;
    }
    v1::Settle::Ack ack;
    ack.set_first(first);
    ack.set_count(range.count);
    ack.set_delivery(range.delivery);
    acks_.push_back(std::move(ack));
  }
}

void StreamQueue::put_outstanding(std::uint64_t first, const Range& range) {
  if (const auto before = outstanding_.find(first); before != outstanding_.end())
    by_batch_.erase({before->second.batch, first});
  outstanding_[first] = range;
  by_batch_.emplace(range.batch, first);
}

void StreamQueue::ack(std::span<const std::uint64_t> offsets) {
  for (const auto offset : offsets) {
    auto found = outstanding_.upper_bound(offset);
    if (found == outstanding_.begin()) continue;
    --found;
    const auto [first, range] = *found;
    if (offset - first >= range.count) continue;
    const auto before = static_cast<std::uint32_t>(offset - first);
    outstanding_.erase(found);
    by_batch_.erase({range.batch, first});
    if (before != 0) put_outstanding(first, {before, range.delivery, range.batch});
    if (before + 1 != range.count)
      put_outstanding(offset + 1, {range.count - before - 1, range.delivery, range.batch});
    if (!acks_.empty() && acks_.back().first() + acks_.back().count() == offset &&
        acks_.back().delivery() == range.delivery) {
      acks_.back().set_count(acks_.back().count() + 1);
      continue;
    }
    v1::Settle::Ack ack;
    ack.set_first(offset);
    ack.set_count(1);
    ack.set_delivery(range.delivery);
    acks_.push_back(std::move(ack));
  }
}

std::optional<v1::ToBroker> StreamQueue::take_settle() {
  if (acks_.empty() || in_flight_.size() >= stream_settles_in_flight_max) return std::nullopt;
  v1::ToBroker message;
  auto& settle = *message.mutable_settle();
  settle.set_sequence(next_sequence_++);
  for (auto& ack : acks_) *settle.add_acks() = std::move(ack);
  acks_.clear();
  in_flight_.push_back(settle.sequence());
  return message;
}

}  // namespace reel::sdk
