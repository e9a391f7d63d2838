// The event stream's clients and the feeds they read from; see feed.h.
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

#include "gateway/events/feed.h"
#include "gateway/events/stream_counts.h"

namespace reel::gateway {

struct FeedLimits {
  std::size_t clients_max = 500;
  std::size_t feeds_max = 32;
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

  [[nodiscard]] std::shared_ptr<Feed> feed_for(const StreamRequest& wanted, Feed::ClientId id,
                                               const Feed::Wake& wake);
  /// Where a client that has reached so far in its own feed reads on: there, or in the shared one.
  [[nodiscard]] std::shared_ptr<Feed> merged(std::shared_ptr<Feed> own, const std::string& topics,
                                             Feed::ClientId id, const Feed::Wake& wake);
  void close(Feed::ClientId id);
  void sweep();

  const FeedSettings settings_;
  const FeedLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable over_changed_;
  std::vector<std::shared_ptr<Feed>> feeds_;             // all of them
  std::map<std::string, std::shared_ptr<Feed>> shared_;  // by topics
  std::size_t clients_ = 0;
  Feed::ClientId last_id_ = 0;
  bool over_ = false;
  std::thread sweeper_;
};

}  // namespace reel::gateway
