// reel::Stream: a StreamQueue between the connection's thread and the reader's.
#include "reel/stream.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "connection.h"
#include "event/batch.h"
#include "event/event_pattern.h"
#include "event/topic.h"
#include "stream_queue.h"
#include "subscription.h"

namespace reel {
namespace {

// How long the acks given so far may take before the goodbye.
constexpr std::chrono::milliseconds last_acks_wait{2'000};

v1::Subscribe subscribe_of(const StreamOptions& options) {
  if (options.patterns.empty()) throw std::invalid_argument{"no pattern to subscribe to"};
  auto subscribe = sdk::subscription_from(options.start);
  for (const auto& pattern : options.patterns) {
    if (const auto wrong = check_pattern(pattern)) {
      throw std::invalid_argument{"cannot subscribe to '" + pattern + "': " + *wrong};
    }
    subscribe.add_patterns(pattern);
    if (options.when.json.empty()) continue;
    auto& filter = *subscribe.add_filters();
    filter.set_pattern(pattern);
    filter.set_when(options.when.json);
  }
  if (const auto compiled = EventPattern::compile(options.when.json);
      !options.when.json.empty() && !compiled.pattern) {
    throw std::invalid_argument{"when is no pattern: " + compiled.error.text()};
  }
  subscribe.set_credit_events(options.credit_events);
  subscribe.set_credit_bytes(options.credit_bytes);
  subscribe.set_envelope_only(options.envelope_only);
  for (const auto& topic : options.data_topics) subscribe.add_data_topics(topic);
  subscribe.set_ephemeral(options.ephemeral);
  subscribe.set_watermark_interval_ms(static_cast<std::uint32_t>(options.watermark_interval.count()));
  return subscribe;
}

}  // namespace

class Stream::Impl final : public sdk::Side {
 public:
  explicit Impl(const StreamOptions& options)
      : ephemeral_{options.ephemeral},
        last_per_topic_{options.start.kind() == Start::Kind::last_per_topic},
        connection_{sdk::identify(options.service, options.connection), options.connection} {
    connection_.subscribe(subscribe_of(options));
    connection_.add_side(*this);
    connection_.start();
  }

  ~Impl() override {
    {
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, last_acks_wait, [this] { return !connected_ || !queue_.acks_unanswered(); });
    }
    connection_.end();
  }

  StreamBatch next(std::chrono::milliseconds wait) {
    StreamBatch batch;
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, wait, [this] { return stopped_ || queue_.has_news(); });
    if (stopped_) {
      batch.kind = StreamBatch::Kind::stopped;
      batch.number = queue_.batches();
      return batch;
    }
    if (!queue_.next(batch)) {
      connection_.post([this] {
        connection_.give_up("a delivery that cannot be read came from " + connection_.broker());
      });
    }
    return batch;
  }

  template <typename Ack>
  void ack(Ack ack) {
    {
      const std::lock_guard lock{mutex_};
      ack(queue_);
      if (!queue_.acks_waiting()) return;
    }
    connection_.wake();
  }

  void stop() noexcept {
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
    }
    changed_.notify_all();
  }

  [[nodiscard]] bool connected() const {
    const std::lock_guard lock{mutex_};
    return connected_;
  }

 private:
  void before_subscribe(v1::Subscribe& subscribe) override {
    const std::lock_guard lock{mutex_};
    if (const auto offset = queue_.goes_on_at(last_per_topic_); ephemeral_ && offset)
      subscribe.set_from_offset(*offset);
  }
  void subscribed(const v1::Subscribed& subscribed) override {
    change([&] {
      connected_ = true;
      queue_.subscribed(subscribed);
    });
  }
  void delivered(const v1::Deliver& deliver, sdk::Body body) override {
    change([&] { queue_.delivered(deliver, std::move(body)); });
  }
  void beaten(const v1::BrokerBeat& beat) override {
    const std::lock_guard lock{mutex_};
    queue_.beaten(beat);
  }
  void settled(const v1::Settled& settled) override {
    change([&] { queue_.settled(settled.sequence()); });
  }
  void lost(const std::string&) override {
    change([&] {
      connected_ = false;
      queue_.lost();
    });
  }
  void refused(v1::RefusedReason, const std::string& text) override {
    change([&] {
      connected_ = false;
      queue_.refused(text);
    });
  }
  void take(std::vector<sdk::Frame>& frames) override {
    const std::lock_guard lock{mutex_};
    while (auto message = queue_.take_settle())
      frames.push_back({.header = message->SerializeAsString(), .body = {}});
  }

  template <class Change>
  void change(Change change) {
    {
      const std::lock_guard lock{mutex_};
      change();
    }
    changed_.notify_all();
  }

  const bool ephemeral_;
  const bool last_per_topic_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  sdk::StreamQueue queue_;
  bool connected_ = false;
  bool stopped_ = false;
  sdk::Connection connection_;  // last: its thread uses all of the above
};

Stream::Stream(StreamOptions options) : impl_{std::make_unique<Impl>(options)} {}
Stream::~Stream() = default;
StreamBatch Stream::next(std::chrono::milliseconds wait) {
  return impl_->next(wait);
}
void Stream::ack_all() {
  impl_->ack([](sdk::StreamQueue& queue) { queue.ack_all(); });
}
void Stream::ack_upto(std::uint64_t batch_number) {
  impl_->ack([&](sdk::StreamQueue& queue) { queue.ack_upto(batch_number); });
}
void Stream::ack(std::span<const std::uint64_t> offsets) {
  impl_->ack([&](sdk::StreamQueue& queue) { queue.ack(offsets); });
}
void Stream::stop() noexcept {
  impl_->stop();
}
bool Stream::connected() const {
  return impl_->connected();
}

std::vector<std::pair<std::string_view, std::string_view>> attributes_of(const StreamEvent& event) {
  std::vector<std::pair<std::string_view, std::string_view>> named;
  if (!event.has_attributes) return named;
  for (const auto& attribute : attributes_of(event.bytes))
    named.emplace_back(attribute.name, attribute.value);
  return named;
}

}  // namespace reel
