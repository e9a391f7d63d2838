// One subscription at the broker, and the clients that read what comes of it (feed_readers.h).
//
// A shared feed is what clients who want the same topics from now on have in common: each event is turned
// into text once, and who cannot keep up with the backlog is cut off. A catch-up feed is of clients who want
// nearly the same stretch of the past, and goes at the pace of the slowest of them: nothing is read from the
// broker while enough waits for it. One that keeps others waiting is left behind, and is served anew where it
// was (see feeds.h). Once a client has caught up there is no difference any more: it is merged into the
// shared feed, or its own becomes that.
//
// Where the journal does not reach back to what a client wants, it gets an event `gap` that says so.
//
// Any thread may call; the feed's own thread reads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "event/event_json.h"
#include "gateway/events/feed_readers.h"
#include "gateway/events/stream_request.h"
#include "gateway/http/exchange.h"
#include "reel/stream.h"

namespace reel::gateway {

struct FeedSettings {
  Options connection;
  const SchemaSet* schemas = nullptr;
  TopicTypes topic_types;
  std::size_t backlog_bytes = 4u << 20;
};

/// How a stream begins: the head of the answer, and a comment.
[[nodiscard]] HttpResponse stream_head();
/// What a client reads last where the gateway stops.
[[nodiscard]] TextSource::Piece end_piece();

class Feed {
 public:
  using ClientId = FeedReaders::ClientId;
  using Wake = FeedReaders::Wake;
  using Kind = FeedReaders::Kind;
  using Reached = FeedReaders::Reached;

  Feed(const FeedSettings& settings, const StreamRequest& wanted, Kind kind);
  /// Waits for the broker's goodbye: not to be called where nobody may wait.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// As FeedReaders'.
  void add(ClientId client, Wake wake);
  [[nodiscard]] bool add_at(ClientId client, Wake wake, const Reached& at);
  void add_to_group(ClientId client, Wake wake, std::uint64_t offset);
  void remove(ClientId client);
  [[nodiscard]] std::string beat(ClientId client);
  [[nodiscard]] std::optional<Reached> reached(ClientId client) const;
  [[nodiscard]] std::optional<std::uint64_t> left_behind(ClientId client) const;

  /// Nothing while it is not known whether the broker takes the subscription.
  [[nodiscard]] std::optional<HttpResponse> opening() const;
  [[nodiscard]] TextSource::Piece pull(ClientId client, std::size_t bytes_max);
  /// Whether there have been no clients for that long. A catch-up feed is deserted as soon as nobody is
  /// there.
  [[nodiscard]] bool deserted(std::chrono::steady_clock::duration patience) const;
  /// Whether this catch-up feed still serves anybody, and since when.
  [[nodiscard]] bool catches_up() const;
  [[nodiscard]] std::chrono::steady_clock::time_point since() const { return since_; }
  /// Leaves all behind: others wait for its place.
  void end_turn();
  /// It is a catch-up feed no more.
  void share();
  /// Every client is told so, and gets nothing more.
  void end();

 private:
  void run();
  void await_room();
  [[nodiscard]] bool begins_anew(const StreamBatch& batch);
  void take(const StreamBatch& batch);
  void take_events(const StreamBatch& batch);
  void wake_all();
  [[nodiscard]] std::string text_of(const StreamEvent& event) const;

  const EventJson json_;
  const std::size_t backlog_bytes_;
  StreamOptions options_;
  std::unique_ptr<Stream> stream_;  // replaced by the feed's own thread, under the lock
  // Of that thread alone.
  std::uint64_t given_time_ = 0;  // the log time up to which everything was given out
  bool resumed_ = true;           // the stream begins where it should

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  FeedReaders readers_;
  std::chrono::steady_clock::time_point deserted_since_;
  bool ending_ = false;
  bool over_ = false;
  std::string refusal_;
  const std::chrono::steady_clock::time_point since_;
  std::thread thread_;
};

}  // namespace reel::gateway
