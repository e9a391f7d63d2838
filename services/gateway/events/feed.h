// One subscription at the broker, and the clients that read what comes of it.
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
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "event/event_json.h"
#include "gateway/events/backlog.h"
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
  using ClientId = std::uint64_t;
  using Wake = std::function<void()>;

  enum class Kind : std::uint8_t { shared, catch_up };
  Feed(const FeedSettings& settings, const StreamRequest& wanted, Kind kind);
  /// Waits for the broker's goodbye: not to be called where nobody may wait.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// From the feed's end.
  void add(ClientId client, Wake wake);
  /// From this offset on; false where that is not kept.
  [[nodiscard]] bool add_at(ClientId client, Wake wake, std::uint64_t offset);
  /// To a catch-up feed, which begins there or before. 0: from its begin.
  void add_to_group(ClientId client, Wake wake, std::uint64_t offset);
  void remove(ClientId client);
  [[nodiscard]] std::size_t clients() const;
  /// Whether there have been none for that long. A catch-up feed is deserted as soon as nobody is there.
  [[nodiscard]] bool deserted(std::chrono::steady_clock::duration patience) const;

  /// Nothing while it is not known whether the broker takes the subscription.
  [[nodiscard]] std::optional<HttpResponse> opening() const;
  [[nodiscard]] TextSource::Piece pull(ClientId client, std::size_t bytes_max);
  struct Reached {
    std::uint64_t offset = 0;  ///< its client has every event before this one
    bool all = false;          ///< and there are no more
  };
  /// For a client of a catch-up feed that has what was read for it.
  [[nodiscard]] std::optional<Reached> reached(ClientId client) const;
  /// The first offset that a client has not had which this feed no longer serves.
  [[nodiscard]] std::optional<std::uint64_t> left_behind(ClientId client) const;
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
  struct Client {
    std::uint64_t cursor = 0;
    std::uint64_t from = 0;  // the first offset it wants; 0: whatever comes
    Wake wake;
    bool placed = false;  // `from` is one that this journal has
    bool left_behind = false;
  };

  void run();
  void await_room();
  [[nodiscard]] bool is_read() const;
  [[nodiscard]] bool is_read_from(std::uint64_t cursor) const;
  [[nodiscard]] bool serves_anybody() const;
  [[nodiscard]] std::uint64_t slowest_cursor() const;
  [[nodiscard]] std::optional<std::string> place(Client& client);
  void leave_slowest();
  void drop_read();
  void join(const StreamBatch& batch);
  void take(const StreamBatch& batch);
  void take_events(const StreamBatch& batch);
  void wake_all();
  [[nodiscard]] std::string text_of(const StreamEvent& event) const;

  const EventJson json_;
  const std::size_t backlog_bytes_;
  Stream stream_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Backlog backlog_;
  std::map<ClientId, Client> clients_;
  std::chrono::steady_clock::time_point deserted_since_;
  Kind kind_;
  bool joined_ = false;
  bool ending_ = false;
  bool over_ = false;
  bool idle_ = false;
  std::string refusal_;
  const std::chrono::steady_clock::time_point since_;
  std::uint64_t began_ = 0;      // no event before this offset comes
  std::uint64_t kept_from_ = 0;  // nor was there one in the journal; 0: that is not known
  std::uint64_t end_at_join_ = 0;
  std::uint64_t seen_up_to_ = 0;  // every event before this offset came
  std::thread thread_;
};

}  // namespace reel::gateway
