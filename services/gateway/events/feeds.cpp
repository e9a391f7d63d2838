#include "gateway/events/feeds.h"

#include <algorithm>

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;

/// A feed that nobody reads is kept so long: a browser that comes back finds it, and misses nothing.
constexpr auto deserted_max = 10s;
constexpr auto sweep_interval = 1s;
/// Where others wait, a catch-up feed serves its clients no longer than this at a stretch.
constexpr auto turn_max = 10s;

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
      : feeds_{feeds}, wanted_{std::move(wanted)}, id_{id} {}
  ~Client() override { stop(); }

  void start(std::function<void()> wake) override {
    wake_ = std::move(wake);
    const bool latest = wanted_.from == StreamRequest::From::latest;
    feed_ = latest ? feeds_.shared_feed(wanted_, id_, wake_) : feeds_.catch_up({id_, wanted_, wake_});
    full_ = latest && !feed_;
  }
  std::optional<HttpResponse> opening() override {
    if (full_)
      return full(
          "too many subscriptions serve the event stream (gateway.stream_subscriptions_max): come back "
          "later, or ask for the same topics as others");
    return feed_ ? feed_->opening() : stream_head();
  }
  Piece pull(std::size_t bytes_max) override {
    if (!feed_) feed_ = feeds_.turn_of(id_);
    while (feed_) {
      auto piece = feed_->pull(id_, bytes_max);
      if (piece.kind != Piece::Kind::nothing) return piece;
      const auto* const before = feed_.get();
      feed_ = feeds_.next_of(std::move(feed_), wanted_, id_, wake_);
      if (feed_.get() == before) return {};
    }
    return feeds_.ending() ? end_piece() : Piece{};
  }
  std::string beat() override { return feed_ ? feed_->beat(id_) : ": beat\n\n"; }
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
  const Feed::ClientId id_;
  std::function<void()> wake_;
  std::shared_ptr<Feed> feed_;
  bool full_ = false;
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

std::shared_ptr<Feed> Feeds::shared_feed(const StreamRequest& wanted, Feed::ClientId id,
                                         const Feed::Wake& wake) {
  const std::lock_guard lock{mutex_};
  auto found = shared_.find(wanted.topics());
  if (found == shared_.end()) {
    if (shared_.size() >= limits_.feeds_max) return nullptr;
    // Made first: there may be no descriptor left for it.
    auto feed = std::make_shared<Feed>(settings_, wanted, Feed::Kind::shared);
    feeds_.push_back(feed);
    found = shared_.emplace(wanted.topics(), std::move(feed)).first;
  }
  found->second->add(id, wake);
  return found->second;
}

std::shared_ptr<Feed> Feeds::catch_up(CatchUpLine::Waiting waiting) {
  const std::lock_guard lock{mutex_};
  const auto shared = shared_.find(waiting.wanted.topics());
  if (shared != shared_.end() && waiting.wanted.from == StreamRequest::From::offset &&
      shared->second->add_at(waiting.client, waiting.wake,
                             {.offset = waiting.wanted.offset, .next = waiting.wanted.offset}))
    return shared->second;
  const auto id = waiting.client;
  line_.enter(std::move(waiting));
  serve_line();
  const auto turn = turns_.extract(id);
  return turn ? turn.mapped() : nullptr;
}

std::shared_ptr<Feed> Feeds::turn_of(Feed::ClientId id) {
  const std::lock_guard lock{mutex_};
  if (!turns_.contains(id)) serve_line();
  const auto turn = turns_.extract(id);
  return turn ? turn.mapped() : nullptr;
}

// Feeds are made here, on the server's thread, and only where one of the clients who wait has come.
void Feeds::serve_line() {
  const auto catching_up = [this] {
    return static_cast<std::size_t>(
        std::count_if(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->catches_up(); }));
  };
  while (!over_ && !line_.empty() && catching_up() < limits_.catch_ups_max) {
    auto group = line_.take();
    const auto feed = catch_up_feed(group);
    for (auto& client : group.clients) {
      feed->add_to_group(client.client, client.wake, client.wanted.offset);
      turns_.emplace(client.client, feed);
      client.wake();
    }
  }
}

// Where there is no descriptor left for it they wait on.
std::shared_ptr<Feed> Feeds::catch_up_feed(CatchUpLine::Group& group) try {
  return feeds_.emplace_back(std::make_shared<Feed>(settings_, group.begin, Feed::Kind::catch_up));
} catch (...) {
  for (auto& client : group.clients) line_.enter(std::move(client));
  throw;
}

std::shared_ptr<Feed> Feeds::next_of(std::shared_ptr<Feed> feed, const StreamRequest& wanted,
                                     Feed::ClientId id, const Feed::Wake& wake) {
  if (const auto offset = feed->left_behind(id)) {
    feed->remove(id);
    auto rest = wanted;
    rest.offset = *offset;
    if (*offset != 0) rest.from = StreamRequest::From::offset;
    return catch_up({id, std::move(rest), wake});
  }
  const auto reached = feed->reached(id);
  return reached ? merged(std::move(feed), *reached, wanted.topics(), id, wake) : feed;
}

std::shared_ptr<Feed> Feeds::merged(std::shared_ptr<Feed> feed, const Feed::Reached& reached,
                                    const std::string& topics, Feed::ClientId id, const Feed::Wake& wake) {
  const std::lock_guard lock{mutex_};
  const auto shared = shared_.find(topics);
  if (shared == shared_.end()) {
    if (!reached.all || shared_.size() >= limits_.feeds_max) return feed;
    feed->share();
    shared_.emplace(topics, feed);
    line_.wake_first();
    return feed;
  }
  if (!shared->second->add_at(id, wake, reached)) return feed;
  feed->remove(id);
  line_.wake_first();
  return shared->second;
}

bool Feeds::ending() const {
  const std::lock_guard lock{mutex_};
  return over_;
}

void Feeds::close(Feed::ClientId id) {
  const std::lock_guard lock{mutex_};
  --clients_;
  line_.leave(id);
  if (const auto turn = turns_.extract(id)) turn.mapped()->remove(id);
  line_.wake_first();
}

void Feeds::end_all() {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
    feeds = feeds_;
    line_.wake_all();
  }
  for (const auto& feed : feeds) feed->end();
}

StreamCounts Feeds::counts() const {
  const std::lock_guard lock{mutex_};
  return {clients_, feeds_.size()};
}

// Who has waited the longest comes to see whether there is room; where there is none, turns that were long
// enough end, and there will be.
void Feeds::end_turns() {
  if (line_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& feed : feeds_) {
    if (feed->catches_up() && now - feed->since() > turn_max) feed->end_turn();
  }
  line_.wake_first();
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
    end_turns();
    lock.unlock();
    ended.clear();
    lock.lock();
  }
}

}  // namespace reel::gateway
