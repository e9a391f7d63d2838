#include "service/delivery_frame.h"

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

}  // namespace

bool DeliveryFrame::takes(const HandOver& item, v1::Redelivery kind) const {
  if (empty()) return true;
  const auto& deliver = header_.deliver();
  return writer_.size() < bytes_target && item.delivery == deliver.delivery() &&
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
  const bool goes_on =
      batch_ == event.batch && index >= run_->first_event && index < run_->first_event + run_->event_count;
  if (!goes_on) {
    batch_ = event.batch;
    run_ = &batch_->run_of(index);
    cut_ = extent_.is_cut(run_->topic);
    writer_.begin_run({run_->source, run_->topic, run_->dataschema, run_->chosen_ids});
  }
  const auto& stored = event.event();
  writer_.add_encoded(cut_ ? stored.bytes.substr(0, stored.envelope_bytes) : stored.bytes);
  extend_spans(*deliver.mutable_spans(), record);
  if (kind != v1::REDELIVERY_NONE) extend_spans(*deliver.mutable_origins(), event);
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
