#include "settle_batcher.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "publish_window.h"

namespace reel::sdk {

SettleBatcher::SettleBatcher(unsigned workers, std::size_t emitted_bytes_max, Finished& finished,
                             std::function<void()> wake)
    : emitted_bytes_max_{emitted_bytes_max},
      finished_{finished},
      wake_{std::move(wake)},
      outboxes_(workers * outboxes_per_worker) {}

bool SettleBatcher::ack(const Delivery& delivery, const std::vector<Emit>& emits) {
  if (!emits.empty()) wait_for_room();
  auto& outbox = outbox_of(delivery.key_hash);
  const std::lock_guard lock{outbox.mutex};
  if (delivery.session != session_.load(std::memory_order_acquire)) {
    ack_too_late(delivery, emits);
    return false;
  }
  if (!emits.empty()) {
    std::size_t bytes = 0;
    for (const auto& emit : emits) bytes += emit.event_bytes.size();
    // What one handler published is never parted, and never pushes another's over what a frame may hold.
    if (!outbox.open.emitted.empty() && outbox.open.emitted.size() + bytes > batch_bytes_target) {
      outbox.full.push_back(std::exchange(outbox.open, {}));
    }
    add_emits(outbox.open, delivery, emits);
  }
  outbox.open.acks.push_back({delivery.offset, delivery.delivery, delivery.time});
  if (outbox.open.count() >= settle_results_max || outbox.open.emitted.size() >= batch_bytes_target) {
    outbox.full.push_back(std::exchange(outbox.open, {}));
  }
  return !std::exchange(outbox.told, true);
}

void SettleBatcher::ack_too_late(const Delivery& delivery, const std::vector<Emit>& emits) {
  finished_.keep({delivery.offset, delivery.time}, emits);
}

bool SettleBatcher::in_progress(const Delivery& delivery) {
  auto& outbox = outbox_of(delivery.key_hash);
  const std::lock_guard lock{outbox.mutex};
  if (delivery.session != session_.load(std::memory_order_acquire)) return false;
  outbox.open.in_progress[delivery.offset] = delivery.delivery;
  return !std::exchange(outbox.told, true);
}

bool SettleBatcher::nack(const Delivery& delivery, Failed failed) {
  auto& outbox = outbox_of(delivery.key_hash);
  const std::lock_guard lock{outbox.mutex};
  if (delivery.session != session_.load(std::memory_order_acquire)) return false;
  outbox.open.nack_bytes += failed.error_type.size() + failed.error.size();
  outbox.open.nacks.push_back({delivery, std::move(failed)});
  // Long errors must not make a SETTLE that the broker's frame limit cuts the connection for.
  if (outbox.open.count() >= settle_results_max || outbox.open.nack_bytes >= batch_bytes_target) {
    outbox.full.push_back(std::exchange(outbox.open, {}));
  }
  return !std::exchange(outbox.told, true);
}

void SettleBatcher::add_emits(Results& results, const Delivery& delivery, const std::vector<Emit>& emits) {
  const auto before = results.emitted.size();
  for (const auto& emit : emits) {
    const auto& head = emit.head;
    if (!results.run_open || head.topic != results.topic || head.dataschema != results.type ||
        head.source != results.source) {
      results.source = head.source;
      results.topic = head.topic;
      results.type = head.dataschema;
      results.run_open = true;
      results.emitted.begin_run(head);
    }
    results.emitted.add_encoded(emit.event_bytes);
  }
  emitted_bytes_.fetch_add(results.emitted.size() - before, std::memory_order_relaxed);
  results.emitters.push_back({delivery.offset, delivery.key_hash, static_cast<std::uint32_t>(emits.size())});
}

void SettleBatcher::wait_for_room() {
  if (emitted_bytes_.load(std::memory_order_relaxed) < emitted_bytes_max_) return;
  wake_();
  std::unique_lock lock{room_mutex_};
  room_came_.wait(lock, [this] { return emitted_bytes_ < emitted_bytes_max_ || closed_; });
}

std::optional<Frame> SettleBatcher::take() {
  if (in_flight_.size() >= settles_in_flight_max) return std::nullopt;
  std::vector<Results> gathered;
  gather(gathered);
  if (gathered.empty()) return std::nullopt;
  return frame_of(gathered);
}

// Takes whole Results from the outboxes until one SETTLE is full.
void SettleBatcher::gather(std::vector<Results>& gathered) {
  std::size_t bytes = 0, count = 0;
  const auto fits = [&](const Results& results) {
    return gathered.empty() ||
           (bytes + results.bytes() <= batch_bytes_target && count + results.count() <= settle_results_max);
  };
  const auto take = [&](Results results) {
    bytes += results.bytes();
    count += results.count();
    gathered.push_back(std::move(results));
  };
  for (auto& outbox : outboxes_) {
    const std::lock_guard lock{outbox.mutex};
    while (!outbox.full.empty() && fits(outbox.full.front())) {
      take(std::move(outbox.full.front()));
      outbox.full.pop_front();
    }
    if (outbox.full.empty() && outbox.open.count() != 0 && fits(outbox.open)) {
      take(std::exchange(outbox.open, {}));
    }
    outbox.told = !outbox.full.empty() || outbox.open.count() != 0;
  }
}

Frame SettleBatcher::frame_of(std::vector<Results>& gathered) {
  InFlight in_flight{.sequence = next_sequence_++};
  auto& settle = *message_.mutable_settle();
  settle.Clear();
  settle.set_sequence(in_flight.sequence);
  acks_.clear();
  std::vector<Ack> in_progress;
  std::string body;
  for (auto& results : gathered) {
    acks_.insert(acks_.end(), results.acks.begin(), results.acks.end());
    for (auto& nack : results.nacks) {
      auto& entry = *settle.add_nacks();
      entry.set_offset(nack.delivery.offset);
      entry.set_delivery(nack.delivery.delivery);
      entry.set_error_type(std::move(nack.failed.error_type));
      entry.set_error(std::move(nack.failed.error));
      entry.set_delay_ms(nack.failed.delay_ms);
      entry.set_reject(nack.failed.reject);
      in_flight.nacked_keys.push_back(nack.delivery.key_hash);
    }
    for (const auto& [offset, delivery] : results.in_progress) in_progress.push_back({offset, delivery});
    in_flight.acks.push_back(std::move(results.acks));
    for (const auto& emitter : results.emitters) {
      auto& entry = *settle.add_emitted();
      entry.set_offset(emitter.offset);
      entry.set_count(emitter.count);
    }
    in_flight.emitters.insert(in_flight.emitters.end(), results.emitters.begin(), results.emitters.end());
    if (results.emitted.empty()) continue;
    auto emitted = results.emitted.take();
    body.empty() ? body.swap(emitted) : void(body += emitted);
  }
  sort_acks();
  add_ranges(acks_, *settle.mutable_acks());
  std::sort(in_progress.begin(), in_progress.end(), by_offset);
  add_ranges(in_progress, *settle.mutable_in_progress());
  if (!body.empty()) {
    const std::lock_guard lock{room_mutex_};
    emitted_bytes_.fetch_sub(std::min(emitted_bytes_.load(), body.size()));
  }
  room_came_.notify_all();
  if (!body.empty()) in_flight.emitted = Body::of(std::move(body));
  in_flight_.push_back(std::move(in_flight));
  return {.header = message_.SerializeAsString(), .body = in_flight_.back().emitted};
}

// What follows one another under one delivery is a range.
void SettleBatcher::add_ranges(std::span<const Ack> acks,
                               google::protobuf::RepeatedPtrField<v1::Settle::Ack>& ranges) {
  v1::Settle::Ack* range = nullptr;
  for (const auto& ack : acks) {
    if (range != nullptr && range->first() + range->count() == ack.offset &&
        range->delivery() == ack.delivery) {
      range->set_count(range->count() + 1);
      continue;
    }
    range = ranges.Add();
    range->set_first(ack.offset);
    range->set_count(1);
    range->set_delivery(ack.delivery);
  }
}

// Handlers of many keys end in any order, but what ends together mostly came together: the offsets lie close,
// and putting each in its place costs a fraction of comparing them.
void SettleBatcher::sort_acks() {
  if (acks_.empty()) return;
  const auto [least, most] = std::minmax_element(acks_.begin(), acks_.end(), by_offset);
  const auto first = least->offset;
  const auto places = most->offset - first + 1;
  if (places > 8 * acks_.size()) return std::sort(acks_.begin(), acks_.end(), by_offset);
  delivery_at_.assign(places, 0);
  for (const Ack& ack : acks_) {
    auto& place = delivery_at_[ack.offset - first];
    // Under two deliveries, or under none, which counts from 1: rare, and the broker's to judge.
    if (place != 0 || ack.delivery == 0) return std::sort(acks_.begin(), acks_.end(), by_offset);
    place = ack.delivery;
  }
  acks_.clear();
  for (std::uint64_t i = 0; i < places; ++i) {
    if (delivery_at_[i] != 0) acks_.push_back({first + i, delivery_at_[i]});
  }
}

SettleBatcher::Answer SettleBatcher::settled(const v1::Settled& settled) {
  Answer answer;
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const InFlight& sent) { return sent.sequence == settled.sequence(); });
  if (found == in_flight_.end()) return answer;
  for (const auto& range : settled.stale()) answer.stale += range.count();
  if (answer.stale != 0) keep_stale(*found, settled.stale());
  for (const auto& refused : settled.refused()) {
    answer.refusals.push_back(refused.refusal().text());
    for (const auto& emitter : found->emitters) {
      if (emitter.offset == refused.offset()) answer.refused_keys.push_back(emitter.key_hash);
    }
  }
  answer.answered_keys = std::move(found->nacked_keys);
  in_flight_.erase(found);
  return answer;
}

void SettleBatcher::keep_finished(std::span<const Ack> acks, std::span<const Emitter> emitters,
                                  std::string_view emitted) {
  std::unordered_map<std::uint64_t, std::vector<Emit>> emits;  // by offset
  auto emitter = emitters.begin();
  std::uint32_t left = emitters.empty() ? 0 : emitter->count;
  BatchReader batch{emitted};
  while (auto run = batch.next_run()) {
    while (const auto event = run->next_event_bytes()) {
      auto& of_one = emits[emitter->offset];
      // Settled twice in one frame, as two deliveries: both published the same.
      if (left == emitter->count) of_one.clear();
      of_one.push_back({run->head, *event});
      if (--left == 0 && ++emitter != emitters.end()) left = emitter->count;
    }
  }
  for (const auto& ack : acks) {
    const auto published = emits.find(ack.offset);
    finished_.keep({ack.offset, ack.time},
                   published == emits.end() ? std::vector<Emit>{} : published->second);
  }
}

// Ranges come in the order of their offsets; they may be many.
void SettleBatcher::keep_stale(const InFlight& sent,
                               const google::protobuf::RepeatedPtrField<v1::OffsetRange>& stale) {
  const auto is_stale = [&](const Ack& ack) {
    const auto behind =
        std::upper_bound(stale.begin(), stale.end(), ack.offset,
                         [](std::uint64_t offset, const auto& range) { return offset < range.first(); });
    return behind != stale.begin() && ack.offset - std::prev(behind)->first() < std::prev(behind)->count();
  };
  std::vector<Ack> late;
  for (const auto& acks : sent.acks)
    std::copy_if(acks.begin(), acks.end(), std::back_inserter(late), is_stale);
  keep_finished(late, sent.emitters, sent.emitted.bytes);
}

void SettleBatcher::lost(std::uint64_t session) {
  session_.store(session, std::memory_order_release);
  for (const auto& sent : in_flight_) {
    std::vector<Ack> unheard;
    for (const auto& acks : sent.acks) unheard.insert(unheard.end(), acks.begin(), acks.end());
    keep_finished(unheard, sent.emitters, sent.emitted.bytes);
  }
  in_flight_.clear();
  for (auto& outbox : outboxes_) {
    const std::lock_guard lock{outbox.mutex};
    outbox.full.push_back(std::exchange(outbox.open, {}));
    for (auto& results : outbox.full) keep_finished(results.acks, results.emitters, results.emitted.take());
    outbox.full.clear();
    outbox.told = false;
  }
  {
    const std::lock_guard lock{room_mutex_};
    emitted_bytes_ = 0;
  }
  room_came_.notify_all();
}

void SettleBatcher::close() {
  {
    const std::lock_guard lock{room_mutex_};
    closed_ = true;
  }
  room_came_.notify_all();
}

bool SettleBatcher::empty() {
  if (!in_flight_.empty()) return false;
  for (auto& outbox : outboxes_) {
    const std::lock_guard lock{outbox.mutex};
    if (!outbox.full.empty() || outbox.open.count() != 0) return false;
  }
  return true;
}

}  // namespace reel::sdk
