// The event stream's clients and the feeds they read from; see feed.h.
//
// Clients who want the same topics from now on share a feed. Who wants the past joins the line (see
// catch_up_line.h) until one of the few catch-up feeds is free, and has an open, quiet stream meanwhile: a
// crowd that comes back at once is served in turns and not turned away. A turn may be cut short where others
// wait; who had it goes on where it was, at the line's end.
//
//   Feeds feeds{feed_settings, {.clients_max = 500, .feeds_max = 32}};
//   auto opened = feeds.open(stream_request);       // a TextSource for Exchange::stream, or a refusal
//
// Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "gateway/events/catch_up_line.h"
#include "gateway/events/feed.h"
#include "gateway/events/stream_counts.h"

namespace reel::gateway {

struct FeedLimits {
  std::size_t clients_max = 500;
  std::size_t feeds_max = 32;     ///< shared ones
  std::size_t catch_ups_max = 8;  ///< and so many more
};

class Feeds {
 public:
  Feeds(FeedSettings settings, FeedLimits limits);
  ~Feeds();
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;

  [[nodiscard]] std::variant<std::shared_ptr<TextSource>, HttpResponse> open(const StreamRequest& wanted);
  /// Tells every client that this is the end.
  void end_all();
  [[nodiscard]] StreamCounts counts() const;

 private:
  class Client;
  friend class Client;

  /// Where a client begins to read: nothing where it is one feed too many.
  [[nodiscard]] std::shared_ptr<Feed> shared_feed(const StreamRequest& wanted, Feed::ClientId id,
                                                  const Feed::Wake& wake);
  /// Nothing while it waits.
  [[nodiscard]] std::shared_ptr<Feed> catch_up(CatchUpLine::Waiting waiting);
  [[nodiscard]] std::shared_ptr<Feed> turn_of(Feed::ClientId id);
  /// Where a client that has read what its feed had for it reads on: there, in the shared one, or nowhere for
  /// now, since it waits in the line again.
  [[nodiscard]] std::shared_ptr<Feed> next_of(std::shared_ptr<Feed> feed, const StreamRequest& wanted,
                                              Feed::ClientId id, const Feed::Wake& wake);
  [[nodiscard]] std::shared_ptr<Feed> merged(std::shared_ptr<Feed> feed, const Feed::Reached& reached,
                                             const std::string& topics, Feed::ClientId id,
                                             const Feed::Wake& wake);
  [[nodiscard]] bool ending() const;
  void close(Feed::ClientId id);
  [[nodiscard]] std::shared_ptr<Feed> catch_up_feed(CatchUpLine::Group& group);
  void serve_line();
  void end_turns();
  void sweep();

  const FeedSettings settings_;
  const FeedLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable over_changed_;
  std::vector<std::shared_ptr<Feed>> feeds_;             // all of them
  std::map<std::string, std::shared_ptr<Feed>> shared_;  // by topics
  CatchUpLine line_;
  std::map<Feed::ClientId, std::shared_ptr<Feed>> turns_;  // whose turn it is, but who has not come yet
  std::size_t clients_ = 0;
  Feed::ClientId last_id_ = 0;
  bool over_ = false;
  std::thread sweeper_;
};

}  // namespace reel::gateway
