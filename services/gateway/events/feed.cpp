#include "gateway/events/feed.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long the reader waits for news: an idle bus is noticed, and a stop, within it.
constexpr auto read_wait = 100ms;
/// What a feed takes from the broker at a time. One that catches up never holds much more than that.
constexpr std::uint32_t credit_events = 4'096;
constexpr std::uint32_t credit_bytes = 1u << 20;

/// So long a shared feed waits for its quickest client: one that reads at all is not cut off by a busy
/// machine.
constexpr auto quickest_patience = 5s;
/// And a catch-up feed for its slowest, where others wait for that one.
constexpr auto slowest_patience = 1s;

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

}  // namespace

TextSource::Piece end_piece() {
  return last_piece("end", 503, "the gateway is stopping");
}

HttpResponse stream_head() {
  return {200, "text/event-stream", ": reel\nretry: 2000\n\n", {}};
}

Feed::Feed(const FeedSettings& settings, const StreamRequest& wanted, Kind kind)
    : json_{*settings.schemas, settings.topic_types},
      backlog_bytes_{settings.backlog_bytes},
      options_{options_of(settings, wanted)},
      stream_{std::make_unique<Stream>(options_)},
      readers_{kind, settings.backlog_bytes},
      deserted_since_{Clock::now()},
      since_{Clock::now()},
      thread_{[this] { run(); }} {}

Feed::~Feed() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
    stream_->stop();
  }
  changed_.notify_all();
  thread_.join();
}

void Feed::add(ClientId client, Wake wake) {
  const std::lock_guard lock{mutex_};
  readers_.add(client, std::move(wake));
}

void Feed::add_to_group(ClientId client, Wake wake, std::uint64_t offset) {
  const std::lock_guard lock{mutex_};
  readers_.add_to_group(client, std::move(wake), offset);
  changed_.notify_all();
}

bool Feed::add_at(ClientId client, Wake wake, const Reached& at) {
  const std::lock_guard lock{mutex_};
  return readers_.add_at(client, std::move(wake), at);
}

void Feed::remove(ClientId client) {
  const std::lock_guard lock{mutex_};
  readers_.remove(client);
  if (readers_.size() == 0) deserted_since_ = Clock::now();
  changed_.notify_all();
}

bool Feed::deserted(Clock::duration patience) const {
  const std::lock_guard lock{mutex_};
  if (readers_.size() > 0) return false;
  return readers_.kind() == Kind::catch_up || Clock::now() - deserted_since_ > patience;
}

std::optional<HttpResponse> Feed::opening() const {
  const std::lock_guard lock{mutex_};
  if (!refusal_.empty()) return problem(400, refusal_);
  if (!readers_.has_joined()) return std::nullopt;
  return stream_head();
}

TextSource::Piece Feed::pull(ClientId client, std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  auto piece = readers_.read(client, bytes_max);
  changed_.notify_all();
  if (piece.kind != TextSource::Piece::Kind::nothing || readers_.left_behind(client)) return piece;
  if (!refusal_.empty()) return last_piece("cut-off", 503, refusal_);
  return ending_ ? end_piece() : piece;
}

std::string Feed::beat(ClientId client) {
  const std::lock_guard lock{mutex_};
  return readers_.beat(client);
}

std::optional<Feed::Reached> Feed::reached(ClientId client) const {
  const std::lock_guard lock{mutex_};
  return readers_.reached(client);
}

std::optional<std::uint64_t> Feed::left_behind(ClientId client) const {
  const std::lock_guard lock{mutex_};
  return readers_.left_behind(client);
}

bool Feed::catches_up() const {
  const std::lock_guard lock{mutex_};
  return readers_.kind() == Kind::catch_up && readers_.serves_anybody();
}

void Feed::end_turn() {
  {
    const std::lock_guard lock{mutex_};
    readers_.leave_all();
    changed_.notify_all();
  }
  wake_all();
}

void Feed::share() {
  const std::lock_guard lock{mutex_};
  readers_.share();
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
    const auto batch = stream_->next(read_wait);
    if (batch.kind == StreamBatch::Kind::stopped) return;
    if (begins_anew(batch)) continue;
    take(batch);
    given_time_ = std::max(given_time_, batch.watermark);
    stream_->ack_all();
    if (batch.kind == StreamBatch::Kind::refused) return;
  }
}

// After a lost connection a stream goes on at an offset. A broker that has come back without its newest
// events gives others there, or has done so already. Log times it gives once: behind the one up to which
// everything was given out stands what was not, whatever its offset.
bool Feed::begins_anew(const StreamBatch& batch) try {
  if (batch.kind != StreamBatch::Kind::joined || std::exchange(resumed_, false) || given_time_ == 0)
    return false;
  options_.start = Start::time(given_time_ + 1);
  auto former = std::make_unique<Stream>(options_);
  const std::lock_guard lock{mutex_};
  if (over_) return false;
  former.swap(stream_);
  resumed_ = true;
  return true;
} catch (const std::exception&) {
  return false;  // there is no descriptor left for it: it goes on at the offset
}

// Where all clients of a shared feed are slow, it goes on. A catch-up feed waits for its slowest, but not
// long where that keeps others waiting.
void Feed::await_room() {
  std::unique_lock lock{mutex_};
  const auto has_room = [this] { return over_ || readers_.have_room(); };
  const auto shared = [this] { return readers_.kind() == Kind::shared; };
  while (!changed_.wait_for(lock, shared() ? quickest_patience : slowest_patience, has_room)) {
    if (shared()) return;
    readers_.leave_slowest();
  }
}

void Feed::take(const StreamBatch& batch) {
  using enum StreamBatch::Kind;
  if (batch.kind == events) take_events(batch);
  {
    const std::lock_guard lock{mutex_};
    if (batch.kind == joined)
      readers_.joined({batch.first_offset, batch.end_offset});
    else
      readers_.heard({.upto = batch.given_upto, .end_offset = batch.end_offset});
    if (batch.kind == refused) refusal_ = batch.text;
    if (batch.kind == idle && !readers_.nothing_more(batch.watermark)) return;
  }
  wake_all();
}

void Feed::take_events(const StreamBatch& batch) {
  std::size_t bytes = 0;
  for (const auto& event : batch.events) {
    if (bytes >= backlog_bytes_ / 4) {
      wake_all();
      await_room();
      bytes = 0;
    }
    auto text = text_of(event);
    bytes += text.size();
    given_time_ = std::max(given_time_, event.recordedtime);
    const std::lock_guard lock{mutex_};
    readers_.came(event.offset, std::move(text));
  }
}

void Feed::wake_all() {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock{mutex_};
    wakes = readers_.wakes();
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
