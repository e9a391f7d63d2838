#include "tracker/bus.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "event/subflow.h"
#include "event/system_topics.h"
#include "tracker/incidents.h"
#include "tracker/verdict.h"
#include "tracker/watch.h"

namespace reel::tracker {
namespace {

/// Taken and not acknowledged: a checkpoint's worth, and what comes while that is being written.
constexpr std::uint32_t credit_events = static_cast<std::uint32_t>(checkpoint_events_max / 2 * 3);
/// The broker counts whole events, of which mostly the envelope comes. This is what the credit above takes at
/// 340 bytes each; of larger events fewer are taken, and a checkpoint is made where no more come.
constexpr std::uint32_t credit_bytes = 256u << 20;
/// Batches acknowledged per turn. The broker settles the events of one answer in one go, and a checkpoint's
/// worth would hold up everybody else there.
constexpr std::uint64_t acknowledged_per_turn = 16;
/// How late an overdue verdict may be on an idle bus because of the watermark.
constexpr std::chrono::milliseconds watermark_interval{20};

/// How long a stop waits for answers: what is unanswered is in the outbox and recognised at the next start.
constexpr std::chrono::milliseconds drain_timeout{1'000};

/// Before a verdict that the broker could not keep is offered again. Without it the two would go round and
/// round for as long as a disk is full.
constexpr std::chrono::milliseconds unavailable_pause{1'000};

Options connection(const std::vector<std::string>& brokers, const std::string& instance = {}) {
  Options options;
  options.instance = instance;
  if (!brokers.empty()) options.brokers = brokers;
  options.drain_timeout = drain_timeout;
  options.log = [](LogLevel level, std::string_view line) {
    switch (level) {
      case LogLevel::debug: spdlog::debug("sdk {}", line); break;
      case LogLevel::info: spdlog::info("sdk {}", line); break;
      case LogLevel::warn: spdlog::warn("sdk {}", line); break;
      case LogLevel::error: spdlog::error("sdk {}", line); break;
    }
  };
  return options;
}

Answer::Outcome outcome_of(PublishOutcome outcome) {
  switch (outcome) {
    case PublishOutcome::accepted:
    case PublishOutcome::duplicate: return Answer::Outcome::published;
    case PublishOutcome::rejected: return Answer::Outcome::refused;
    default: return Answer::Outcome::not_now;
  }
}

}  // namespace

BusInbox::BusInbox(const std::vector<std::string>& brokers, const std::string& instance, SchemaSet schemas)
    : options_{.service = std::string{tracker_service},
               .patterns = {">", "reel.delivery", "reel.flow.>", "reel.incident.>",
                            std::string{dead_letter_topic}},
               .start = Start::oldest(),
               .envelope_only = true,
               .credit_events = credit_events,
               .credit_bytes = credit_bytes,
               .watermark_interval = watermark_interval,
               .connection = connection(brokers, instance)},
      schemas_{std::move(schemas)},
      contents_{std::in_place, schemas_} {}

BusInbox::~BusInbox() {
  if (stream_) stream_->ack_upto(safe_);
}

void BusInbox::begin(const std::vector<std::string>& content_topics) {
  content_topics_.insert(content_topics.begin(), content_topics.end());
  options_.data_topics.assign(content_topics.begin(), content_topics.end());
  for (const std::string_view topic : heeded_topics) options_.data_topics.emplace_back(topic);
  stream_.emplace(options_);
  batch_ = {};  // each stream counts its batches from 1
  marked_ = safe_ = acknowledged_ = 0;
}

// The stream before says goodbye first: under the same instance the new one takes over what it held.
void BusInbox::begin_again(const std::vector<std::string>& content_topics, SchemaSet schemas) {
  stream_->ack_upto(safe_);
  stream_.reset();
  contents_.reset();
  schemas_ = std::move(schemas);
  contents_.emplace(schemas_);
  content_topics_.clear();
  begin(content_topics);
}

Delivery BusInbox::next(std::chrono::milliseconds wait) {
  if (acknowledged_ < safe_) {
    acknowledged_ = std::min(safe_, acknowledged_ + acknowledged_per_turn);
    stream_->ack_upto(acknowledged_);
  }
  batch_ = stream_->next(wait);
  contents_->clear();
  Delivery delivery;
  delivery.watermark = batch_.watermark;
  delivery.end_offset = batch_.end_offset;
  switch (batch_.kind) {
    case StreamBatch::Kind::events:
    case StreamBatch::Kind::idle: break;
    case StreamBatch::Kind::joined:
      delivery.kind = Delivery::Kind::joined;
      delivery.log_time = batch_.log_time;
      break;
    case StreamBatch::Kind::refused:
      delivery.kind = Delivery::Kind::refused;
      delivery.text = batch_.text;
      break;
    case StreamBatch::Kind::stopped: delivery.kind = Delivery::Kind::stopped; break;
  }
  delivery.events.reserve(batch_.events.size());
  for (const StreamEvent& event : batch_.events) {
    delivery.events.push_back(
        {.offset = event.offset,
         .log_time = event.recordedtime,
         .id = event.id,
         .correlationid = event.correlationid,
         .causationid = event.causationid,
         .topic = event.topic,
         .source = event.source,
         .time = event.time,
         .partitionkey = event.partitionkey,
         .subject = event.subject,
         .parent = event.has_attributes ? parent_in(attributes_of(event)) : std::string_view{},
         .replayed = event.replayed,
         .data = event.data,
         .content = content_topics_.contains(event.topic) ? contents_->of(event) : nullptr});
  }
  return delivery;
}

BusOutlet::BusOutlet(const std::vector<std::string>& brokers)
    : publisher_{std::string{tracker_service}, connection(brokers)} {}

void BusOutlet::send(std::uint64_t number, const stored::Outgoing& event) {
  publisher_.publish_async({.topic = event.topic(),
                            .type = event.dataschema(),
                            .data = event.data(),
                            .id = event.id(),
                            .correlationid = event.correlationid(),
                            .causationid = event.causationid(),
                            .source = tracker_source},
                           [this, number](const PublishResult& result) { answered(number, result); });
}

void BusOutlet::answered(std::uint64_t number, const PublishResult& result) {
  {
    const std::lock_guard lock{mutex_};
    Answer answer{number, outcome_of(result.outcome), result.text};
    if (result.outcome == PublishOutcome::unavailable) {
      held_.push_back({std::chrono::steady_clock::now() + unavailable_pause, std::move(answer)});
      return;
    }
    answers_.push_back(std::move(answer));
  }
  came_.notify_one();
}

void BusOutlet::release_held() {
  const auto now = std::chrono::steady_clock::now();
  for (; !held_.empty() && held_.front().until <= now; held_.pop_front()) {
    answers_.push_back(std::move(held_.front().answer));
  }
}

std::vector<Answer> BusOutlet::take_answers(std::chrono::milliseconds wait) {
  std::unique_lock lock{mutex_};
  release_held();
  if (wait.count() > 0) came_.wait_for(lock, wait, [this] { return !answers_.empty(); });
  return std::exchange(answers_, {});
}

}  // namespace reel::tracker
