// One subscription at the broker, and the clients that read what comes of it.
//
// A shared feed is what clients who want the same topics from now on have in common: each event is turned
// into text once, and who cannot keep up with the backlog is cut off. A feed of one client's own begins where
// that client wants, and goes at its pace: nothing is read from the broker while enough waits for it. Once it
// has caught up there is no difference any more, and it is merged or becomes the shared one.
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

class Feed {
 public:
  using ClientId = std::uint64_t;
  using Wake = std::function<void()>;

  /// `own`: for one client, from where it wants.
  Feed(const FeedSettings& settings, const StreamRequest& wanted, bool own);
  /// Waits for the broker's goodbye: not to be called where nobody may wait.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// From the feed's end, or from its begin where it is the client's own.
  void add(ClientId client, Wake wake);
  /// From this offset on; false where that is not kept.
  [[nodiscard]] bool add_at(ClientId client, Wake wake, std::uint64_t offset);
  void remove(ClientId client);
  [[nodiscard]] std::size_t clients() const;
  /// Whether there have been none for that long. A client's own feed is deserted as soon as the client is
  /// gone.
  [[nodiscard]] bool deserted(std::chrono::steady_clock::duration patience) const;

  /// Nothing while it is not known whether the broker takes the subscription.
  [[nodiscard]] std::optional<HttpResponse> opening() const;
  [[nodiscard]] TextSource::Piece pull(ClientId client, std::size_t bytes_max);
  struct Reached {
    std::uint64_t offset = 0;  ///< its client has every event before this one
    bool all = false;          ///< and there are no more
  };
  /// For a feed of one's own whose client has what was read for it.
  [[nodiscard]] std::optional<Reached> reached(ClientId client) const;
  /// It is one client's own no more.
  void share();
  /// Every client is told so, and gets nothing more.
  void end();

 private:
  struct Client {
    std::uint64_t cursor = 0;
    Wake wake;
  };

  void run();
  void await_room();
  [[nodiscard]] bool is_read() const;
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
  bool own_;
  bool joined_ = false;
  bool ending_ = false;
  bool over_ = false;
  bool idle_ = false;
  std::string refusal_;
  std::uint64_t began_ = 0;       // no event before this offset comes
  std::uint64_t seen_up_to_ = 0;  // every event before this offset came
  std::thread thread_;
};

}  // namespace reel::gateway
