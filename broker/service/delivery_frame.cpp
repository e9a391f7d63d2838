#include "service/delivery_frame.h"

#include <algorithm>
#include <utility>

namespace reel::broker {
namespace {

// Consecutive offsets of one batch have consecutive log times.
void extend_spans(google::protobuf::RepeatedPtrField<v1::Span>& spans, const Place& place) {
  if (!spans.empty()) {
    auto& last = spans[spans.size() - 1];
    if (last.offset() + last.count() == place.offset && place.offset != place.batch->first_offset) {
      last.set_count(last.count() + 1);
      return;
    }
  }
  auto& span = *spans.Add();
  span.set_offset(place.offset);
  span.set_count(1);
  span.set_log_time(place.log_time());
}

std::string_view sent_of(const StoredEvent& event, bool cut) {
  return cut ? event.bytes.substr(0, event.envelope_bytes) : event.bytes;
}

}  // namespace

bool DeliveryFrame::takes(const HandOver& item, v1::Redelivery kind, const Place& place) const {
  if (empty()) return true;
  const auto& deliver = header_.deliver();
  // A large batch is worth a frame of its own, in which it need not be copied.
  const bool begins_batch = kind == v1::REDELIVERY_NONE && stretches_.back().batch != place.batch;
  return bytes_ < (begins_batch ? bytes_target / 2 : bytes_target) && item.delivery == deliver.delivery() &&
         item.attempt == deliver.attempt() && kind == deliver.redelivery();
}

void DeliveryFrame::add(const HandOver& item, v1::Redelivery kind, const Place& record, const Place& event) {
  auto& deliver = *header_.mutable_deliver();
  if (empty()) {
    deliver.set_delivery(item.delivery);
    deliver.set_attempt(item.attempt);
    deliver.set_redelivery(kind);
  }
  const auto index = event.index();
  const bool same_batch = !empty() && stretches_.back().batch == event.batch;
  if (!same_batch || index < run_->first_event || index >= run_->first_event + run_->event_count) {
    run_ = &event.batch->run_of(index);
    cut_ = extent_.is_cut(run_->topic);
  }
  if (!same_batch || stretches_.back().end != index) stretches_.push_back({event.batch, index, index});
  ++stretches_.back().end;
  bytes_ += sent_of(event.event(), cut_).size();
  extend_spans(*deliver.mutable_spans(), record);
  if (kind != v1::REDELIVERY_NONE) extend_spans(*deliver.mutable_origins(), event);
}

Body DeliveryFrame::take_batch() {
  if (stretches_.size() == 1 && goes_as_it_came(stretches_.front())) {
    const auto& batch = stretches_.front().batch;
    return {batch->pieces.front(), batch};
  }
  BatchWriter writer;
  writer.reserve(bytes_ + bytes_ / 16);
  const StoredRun* open = nullptr;
  for (const auto& stretch : stretches_) write(stretch, writer, open);
  return writer.take();
}

// Not where a publisher has put more into its batch than the events for which there is credit.
bool DeliveryFrame::goes_as_it_came(const Stretch& stretch) const {
  const auto& batch = *stretch.batch;
  return stretch.begin == 0 && stretch.end == batch.count() && batch.pieces.size() == 1 &&
         batch.pieces.front().size() <= bytes_ + bytes_ / 4 + 1024 &&
         std::none_of(batch.runs.begin(), batch.runs.end(),
                      [this](const StoredRun& run) { return extent_.is_cut(run.topic); });
}

// A run goes on over what is left out of it.
void DeliveryFrame::write(const Stretch& stretch, BatchWriter& writer, const StoredRun*& open) const {
  const auto& batch = *stretch.batch;
  for (auto index = stretch.begin; index < stretch.end;) {
    const auto& run = batch.run_of(index);
    const bool cut = extent_.is_cut(run.topic);
    if (std::exchange(open, &run) != &run)
      writer.begin_run({run.source, run.topic, run.dataschema, run.chosen_ids});
    for (; index < std::min(stretch.end, run.first_event + run.event_count); ++index)
      writer.add_encoded(sent_of(batch.events[index], cut));
  }
}

void DeliveryFrame::note_delivered(std::vector<v1::Delivered>& delivered, LogTime now) const {
  const auto& deliver = header_.deliver();
  for (const auto& span : deliver.spans()) {
    auto& range = delivered.emplace_back();
    range.set_first(span.offset());
    range.set_count(span.count());
    range.set_delivery(deliver.delivery());
    range.set_attempt(deliver.attempt());
    range.set_at(now);
  }
}

}  // namespace reel::broker
