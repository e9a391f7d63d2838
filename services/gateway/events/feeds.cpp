#include "gateway/events/feeds.h"

#include <algorithm>

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;

/// A feed that nobody reads is kept so long: a browser that comes back finds it, and misses nothing.
constexpr auto deserted_max = 10s;
constexpr auto sweep_interval = 1s;

HttpResponse full(const std::string& what) {
  auto response = problem(503, what);
  response.headers.emplace("Retry-After", "5");
  return response;
}

}  // namespace

/// One client's end of a feed. Only the server's thread calls, one call at a time.
class Feeds::Client final : public TextSource {
 public:
  Client(Feeds& feeds, StreamRequest wanted, Feed::ClientId id)
      : feeds_{feeds}, wanted_{std::move(wanted)}, topics_{wanted_.topics()}, id_{id} {}
  ~Client() override { stop(); }

  void start(std::function<void()> wake) override {
    wake_ = std::move(wake);
    feed_ = feeds_.feed_for(wanted_, id_, wake_);
  }
  std::optional<HttpResponse> opening() override {
    if (!feed_)
      return full(
          "too many subscriptions serve the event stream (gateway.stream_subscriptions_max): come back "
          "later, or ask for the same topics as others, from the latest on");
    return feed_->opening();
  }
  Piece pull(std::size_t bytes_max) override {
    auto piece = feed_->pull(id_, bytes_max);
    if (piece.kind != Piece::Kind::nothing) return piece;
    feed_ = feeds_.merged(std::move(feed_), topics_, id_, wake_);
    return feed_->pull(id_, bytes_max);
  }
  std::string beat() override { return ": beat\n\n"; }
  void stop() override {
    if (stopped_) return;
    stopped_ = true;
    if (feed_) feed_->remove(id_);
    feed_.reset();
    feeds_.close(id_);
  }

 private:
  Feeds& feeds_;
  const StreamRequest wanted_;
  const std::string topics_;
  const Feed::ClientId id_;
  std::function<void()> wake_;
  std::shared_ptr<Feed> feed_;
  bool stopped_ = false;
};

Feeds::Feeds(FeedSettings settings, FeedLimits limits)
    : settings_{std::move(settings)}, limits_{limits}, sweeper_{[this] { sweep(); }} {}

Feeds::~Feeds() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  over_changed_.notify_all();
  sweeper_.join();
}

std::variant<std::shared_ptr<TextSource>, HttpResponse> Feeds::open(const StreamRequest& wanted) {
  const std::lock_guard lock{mutex_};
  if (over_) return full("the gateway is stopping");
  if (clients_ >= limits_.clients_max)
    return full("too many clients read the event stream (gateway.streams_max)");
  ++clients_;
  return std::make_shared<Client>(*this, wanted, ++last_id_);
}

std::shared_ptr<Feed> Feeds::feed_for(const StreamRequest& wanted, Feed::ClientId id,
                                      const Feed::Wake& wake) {
  const std::lock_guard lock{mutex_};
  const auto shared = shared_.find(wanted.topics());
  const bool there = shared != shared_.end();
  if (there && wanted.from == StreamRequest::From::latest) {
    shared->second->add(id, wake);
    return shared->second;
  }
  if (there && wanted.from == StreamRequest::From::offset && shared->second->add_at(id, wake, wanted.offset))
    return shared->second;
  if (feeds_.size() >= limits_.feeds_max) return nullptr;
  const bool own = wanted.from != StreamRequest::From::latest;
  auto feed = std::make_shared<Feed>(settings_, wanted, own);
  feed->add(id, wake);
  feeds_.push_back(feed);
  if (!own) shared_.emplace(wanted.topics(), feed);
  return feed;
}

std::shared_ptr<Feed> Feeds::merged(std::shared_ptr<Feed> own, const std::string& topics, Feed::ClientId id,
                                    const Feed::Wake& wake) {
  const auto reached = own->reached(id);
  if (!reached) return own;
  const std::lock_guard lock{mutex_};
  const auto shared = shared_.find(topics);
  if (shared == shared_.end()) {
    if (!reached->all) return own;
    own->share();
    shared_.emplace(topics, own);
    return own;
  }
  if (!shared->second->add_at(id, wake, reached->offset)) return own;
  own->remove(id);
  return shared->second;
}

void Feeds::close(Feed::ClientId) {
  const std::lock_guard lock{mutex_};
  --clients_;
}

void Feeds::end_all() {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
    feeds = feeds_;
  }
  for (const auto& feed : feeds) feed->end();
}

StreamCounts Feeds::counts() const {
  const std::lock_guard lock{mutex_};
  return {clients_, feeds_.size()};
}

// Ends the feeds that nobody reads, here, since a goodbye to the broker takes a moment.
void Feeds::sweep() {
  std::unique_lock lock{mutex_};
  while (!over_) {
    over_changed_.wait_for(lock, sweep_interval);
    std::vector<std::shared_ptr<Feed>> ended;
    const auto deserted = [](const std::shared_ptr<Feed>& feed) { return feed->deserted(deserted_max); };
    std::copy_if(feeds_.begin(), feeds_.end(), std::back_inserter(ended), deserted);
    for (const auto& feed : ended) {
      std::erase(feeds_, feed);
      std::erase_if(shared_, [&feed](const auto& shared) { return shared.second == feed; });
    }
    lock.unlock();
    ended.clear();
    lock.lock();
  }
}

}  // namespace reel::gateway
