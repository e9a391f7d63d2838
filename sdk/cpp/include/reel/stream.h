// Reading the log batch by batch, for programs that follow it rather than react to single events: the
// tracker, `reel sub`, measurements.
//
//   reel::Stream stream{{.service = "audit", .patterns = {"order.>"}, .start = reel::Start::oldest()}};
//   while (true) {
//     const auto batch = stream.next(100ms);
//     if (batch.kind == reel::StreamBatch::Kind::stopped) break;
//     for (const auto& event : batch.events) write(event.offset, event.topic, event.data);
//     stream.ack_all();
//   }
//
// Views in a batch live until the next call of next(). One thread reads; stop() may be called from any. What
// is not acked when the connection is lost comes again: a batch of kind `joined` says from where.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/options.h"
#include "reel/start.h"
#include "reel/when.h"

namespace reel {

/// An event in place.
struct StreamEvent {
  std::uint64_t offset = 0;        ///< 0 on the live tap
  std::uint64_t recordedtime = 0;  ///< log time; 0 on the live tap
  std::string_view source;
  std::string_view topic;
  std::string_view dataschema;
  std::string_view id;
  std::string_view correlationid;
  std::string_view causationid;
  std::string_view partitionkey;
  std::string_view subject;
  std::string_view datacontenttype;
  std::string_view traceparent;
  std::string_view tracestate;
  std::uint64_t time = 0;
  std::string_view data;
  std::string_view bytes;  ///< the encoded reel.v1.Event
  std::uint32_t attempt = 0;
  bool replayed = false;  ///< published while a replayed event was handled
  bool has_attributes = false;

  /// The ordering key: partitionkey, or else the correlation id.
  [[nodiscard]] std::string_view key() const { return partitionkey.empty() ? correlationid : partitionkey; }
};

/// Attributes beyond the named ones.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> attributes_of(
    const StreamEvent& event);

struct StreamBatch {
  enum class Kind : std::uint8_t {
    events,   ///< one or more events, in the order they came
    idle,     ///< nothing came within the wait; watermark and end_offset may have moved
    joined,   ///< subscribed, or subscribed again after a lost connection: what was not acked comes again
    refused,  ///< the broker refuses this subscription; `text` says why. Nothing more will come
    stopped,  ///< stop() was called. Nothing more will come
  };
  Kind kind = Kind::idle;
  std::span<const StreamEvent> events;  ///< in the stream's memory, until the next call of next()
  /// Every matching event with a log time up to this was given out by next(), this batch included.
  std::uint64_t watermark = 0;
  /// The same as an offset: every matching event before it was given out, or comes no more.
  std::uint64_t given_upto = 0;
  /// The journal's end, as far as the broker has told: less than before where it came back without its newest
  /// events.
  std::uint64_t end_offset = 0;
  /// For `joined`: no event before this offset will come, every match from it on will; after
  /// Start::last_per_topic() every match on a topic from its newest event on.
  std::uint64_t first_offset = 0;
  /// For `joined`: the log time then, by the broker's clock.
  std::uint64_t log_time = 0;
  /// Counts the batches of a stream, for ack_upto().
  std::uint64_t number = 0;
  std::string text;
};

struct StreamOptions {
  /// Instances with the same name share the events; progress is kept under it.
  std::string service;
  std::vector<std::string> patterns;
  /// Of what they match, only what this says yes to.
  When when;
  Start start;
  /// Leave `data` out.
  bool envelope_only = false;
  /// Topics, at most 1,000, whose events come with their data all the same.
  std::vector<std::string> data_topics;
  /// Nothing is remembered: the subscription ends with the connection. After a lost connection it goes on
  /// behind the last event given out.
  bool ephemeral = false;
  /// Events and bytes taken before they are acked.
  std::uint32_t credit_events = 65'536;
  std::uint32_t credit_bytes = 32u << 20;
  /// How often the watermark moves on an idle bus. 0: with the ordinary beats (a second).
  std::chrono::milliseconds watermark_interval{0};
  /// connect_timeout, brokers, instance and log are used.
  Options connection;
};

class Stream {
 public:
  /// Connects in the background. Throws std::invalid_argument where name, patterns or `when` are not ones.
  explicit Stream(StreamOptions options);
  /// Sends the acks given so far and says goodbye; what is not acked goes to other instances.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// What has come, waiting at most `wait` for it.
  [[nodiscard]] StreamBatch next(std::chrono::milliseconds wait);

  /// Everything given out so far is done with.
  void ack_all();
  /// Everything given out so far in this batch and those before it is: for who goes on reading meanwhile.
  /// What was given out again in a later one, after a lost connection, is not.
  void ack_upto(std::uint64_t batch_number);
  /// These are. Offsets that are not outstanding are ignored.
  void ack(std::span<const std::uint64_t> offsets);

  void stop() noexcept;
  /// Whether a broker has accepted the subscription and is being heard.
  [[nodiscard]] bool connected() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct LiveTapOptions {
  std::vector<std::string> patterns;
  /// Where the broker's live tap listens. Empty: asked of the broker in `connection`.
  std::string endpoint;
  /// Batches that may wait here before newer ones are dropped by the transport.
  int queue_batches = 10'000;
  Options connection;
};

/// Listens to the broker's live tap: every event on the patterns from now on, at most once, no acks.
class LiveTap {
 public:
  /// Throws NotReachable where `endpoint` is empty and no broker answers, std::invalid_argument where a
  /// pattern is not one.
  explicit LiveTap(LiveTapOptions options);
  ~LiveTap();
  LiveTap(const LiveTap&) = delete;
  LiveTap& operator=(const LiveTap&) = delete;

  /// What has come, waiting at most `wait`: kinds events, idle, stopped.
  [[nodiscard]] StreamBatch next(std::chrono::milliseconds wait);
  void stop() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
