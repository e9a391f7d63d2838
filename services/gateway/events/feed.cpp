#include "gateway/events/feed.h"

#include <algorithm>
#include <limits>

#include "event/quoted_text.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long the reader waits for news: an idle bus is noticed, and a stop, within it.
constexpr auto read_wait = 100ms;
/// What a feed takes from the broker at a time. A client's own never holds much more than that.
constexpr std::uint32_t credit_events = 4'096;
constexpr std::uint32_t credit_bytes = 1u << 20;

/// So long a shared feed waits for its quickest client.
constexpr auto quickest_patience = 1s;

const std::string opening_text = ": reel\nretry: 2000\n\n";

Start start_of(const StreamRequest& wanted) {
  switch (wanted.from) {
    case StreamRequest::From::earliest: return Start::oldest();
    case StreamRequest::From::offset: return Start::offset(wanted.offset);
    default: return Start::newest();
  }
}

StreamOptions options_of(const FeedSettings& settings, const StreamRequest& wanted) {
  StreamOptions options;
  options.service = "gateway";
  options.patterns = wanted.patterns;
  options.start = start_of(wanted);
  options.ephemeral = true;
  options.credit_events = credit_events;
  options.credit_bytes = credit_bytes;
  options.connection = settings.connection;
  return options;
}

TextSource::Piece last_piece(const std::string& name, int status, std::string_view why) {
  return {TextSource::Piece::Kind::end, "event: " + name + "\ndata: " + problem(status, why).body + "\n\n"};
}

}  // namespace

Feed::Feed(const FeedSettings& settings, const StreamRequest& wanted, bool own)
    : json_{*settings.schemas, settings.topic_types},
      backlog_bytes_{settings.backlog_bytes},
      stream_{options_of(settings, wanted)},
      // A client's own is bounded by what is read for it.
      backlog_{own ? std::numeric_limits<std::size_t>::max() : settings.backlog_bytes},
      deserted_since_{Clock::now()},
      own_{own},
      thread_{[this] { run(); }} {}

Feed::~Feed() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  changed_.notify_all();
  stream_.stop();
  thread_.join();
}

void Feed::add(ClientId client, Wake wake) {
  const std::lock_guard lock{mutex_};
  clients_[client] = {own_ ? 0 : backlog_.end(), std::move(wake)};
}

bool Feed::add_at(ClientId client, Wake wake, std::uint64_t offset) {
  const std::lock_guard lock{mutex_};
  if (!joined_ || !backlog_.holds(offset, began_)) return false;
  clients_[client] = {backlog_.at(offset), std::move(wake)};
  return true;
}

void Feed::remove(ClientId client) {
  const std::lock_guard lock{mutex_};
  clients_.erase(client);
  if (clients_.empty()) deserted_since_ = Clock::now();
  changed_.notify_all();
}

std::size_t Feed::clients() const {
  const std::lock_guard lock{mutex_};
  return clients_.size();
}

bool Feed::deserted(Clock::duration patience) const {
  const std::lock_guard lock{mutex_};
  return clients_.empty() && (own_ || Clock::now() - deserted_since_ > patience);
}

std::optional<HttpResponse> Feed::opening() const {
  const std::lock_guard lock{mutex_};
  if (!refusal_.empty()) return problem(400, refusal_);
  if (!joined_) return std::nullopt;
  return HttpResponse{200, "text/event-stream", opening_text, {}};
}

TextSource::Piece Feed::pull(ClientId client, std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client);
  if (found == clients_.end()) return {};
  auto read = backlog_.read(found->second.cursor, bytes_max);
  if (read.lost)
    return last_piece("cut-off", 503,
                      "events came faster than this client read them (gateway.stream_backlog_bytes); "
                      "come back with Last-Event-ID");
  found->second.cursor = read.next;
  if (own_) backlog_.drop_before(read.next);
  changed_.notify_all();
  if (!read.text.empty()) return {TextSource::Piece::Kind::text, std::move(read.text)};
  if (!refusal_.empty()) return last_piece("cut-off", 503, refusal_);
  if (ending_) return last_piece("end", 503, "the gateway is stopping");
  return {};
}

std::optional<Feed::Reached> Feed::reached(ClientId client) const {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client);
  const bool has_all = found != clients_.end() && found->second.cursor == backlog_.end();
  if (!own_ || !joined_ || !has_all) return std::nullopt;
  return Reached{seen_up_to_, idle_};
}

void Feed::share() {
  const std::lock_guard lock{mutex_};
  own_ = false;
  backlog_.limit(backlog_bytes_);
  changed_.notify_all();
}

void Feed::end() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_all();
}

void Feed::run() {
  while (true) {
    await_room();
    const auto batch = stream_.next(read_wait);
    if (batch.kind == StreamBatch::Kind::stopped) return;
    take(batch);
    stream_.ack_all();
    if (batch.kind == StreamBatch::Kind::refused) return;
  }
}

// Nothing more while half of a backlog waits for the quickest client: a client's own feed goes at its pace,
// and a burst larger than the backlog does not cut off those who read. Where all are slow, a shared feed goes
// on.
void Feed::await_room() {
  std::unique_lock lock{mutex_};
  const auto has_room = [this] { return over_ || is_read(); };
  if (own_) {
    changed_.wait(lock, [&] { return !own_ || has_room(); });
  } else {
    changed_.wait_for(lock, quickest_patience, has_room);
  }
}

// Whether the quickest client has no more than half of a backlog before it.
bool Feed::is_read() const {
  if (clients_.empty()) return !own_;
  std::uint64_t furthest = 0;
  for (const auto& [id, client] : clients_) furthest = std::max(furthest, client.cursor);
  return backlog_.bytes_from(furthest) <= backlog_bytes_ / 2;
}

void Feed::take(const StreamBatch& batch) {
  if (batch.kind == StreamBatch::Kind::events) return take_events(batch);
  {
    const std::lock_guard lock{mutex_};
    if (batch.kind == StreamBatch::Kind::refused) refusal_ = batch.text;
    if (batch.kind == StreamBatch::Kind::joined && !joined_) {
      began_ = seen_up_to_ = batch.first_offset;
      joined_ = true;
    }
    const bool was_idle = std::exchange(idle_, batch.kind == StreamBatch::Kind::idle);
    // That there is nothing more concerns only a client whose own feed this is.
    if (idle_ && (was_idle || !own_)) return;
  }
  wake_all();
}

void Feed::take_events(const StreamBatch& batch) {
  std::size_t next = 0;
  while (next < batch.events.size()) {
    std::size_t bytes = 0;
    for (; next < batch.events.size() && bytes < backlog_bytes_ / 4; ++next) {
      const auto& event = batch.events[next];
      auto text = text_of(event);
      bytes += text.size();
      const std::lock_guard lock{mutex_};
      idle_ = false;
      if (event.offset < seen_up_to_) continue;  // came again after a lost connection
      backlog_.add(event.offset, std::move(text));
      seen_up_to_ = event.offset + 1;
    }
    wake_all();
    if (next < batch.events.size()) await_room();
  }
}

void Feed::wake_all() {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, client] : clients_) wakes.push_back(client.wake);
  }
  for (const auto& wake : wakes) wake();
}

std::string Feed::text_of(const StreamEvent& event) const {
  const auto view = read_event(event.bytes);
  if (!view) return {};  // the SDK has read these very bytes
  return "id: " + std::to_string(event.offset) + "\ndata: " +
         json_.write({.source = event.source,
                      .topic = event.topic,
                      .dataschema = event.dataschema,
                      .chosen_ids = false},
                     *view, {.offset = event.offset, .log_time = event.recordedtime}) +
         "\n\n";
}

}  // namespace reel::gateway
