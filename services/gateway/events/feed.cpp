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

// Its id is the last offset that is missing: who comes back with it goes on behind the gap.
std::string gap_text(std::uint64_t from, std::uint64_t to) {
  return "id: " + std::to_string(to) + "\nevent: gap\ndata: {\"from\":" + std::to_string(from) +
         ",\"to\":" + std::to_string(to) +
         R"(,"detail":"the journal no longer has these offsets: what they held of these topics did not come"})" +
         "\n\n";
}

TextSource::Piece last_piece(const std::string& name, int status, std::string_view why) {
  return {TextSource::Piece::Kind::end, "event: " + name + "\ndata: " + problem(status, why).body + "\n\n"};
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
      stream_{options_of(settings, wanted)},
      // One that catches up is bounded by what is read for it.
      backlog_{kind == Kind::catch_up ? std::numeric_limits<std::size_t>::max() : settings.backlog_bytes},
      deserted_since_{Clock::now()},
      kind_{kind},
      since_{Clock::now()},
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
  clients_[client] = {backlog_.end(), 0, std::move(wake), true};
}

void Feed::add_to_group(ClientId client, Wake wake, std::uint64_t offset) {
  const std::lock_guard lock{mutex_};
  clients_[client] = {0, offset, std::move(wake), false};
  changed_.notify_all();
}

bool Feed::add_at(ClientId client, Wake wake, std::uint64_t offset) {
  const std::lock_guard lock{mutex_};
  if (!joined_ || !backlog_.holds(offset, began_)) return false;
  clients_[client] = {backlog_.at(offset), offset, std::move(wake), true};
  return true;
}

void Feed::remove(ClientId client) {
  const std::lock_guard lock{mutex_};
  clients_.erase(client);
  drop_read();
  if (clients_.empty()) deserted_since_ = Clock::now();
  changed_.notify_all();
}

std::size_t Feed::clients() const {
  const std::lock_guard lock{mutex_};
  return clients_.size();
}

bool Feed::deserted(Clock::duration patience) const {
  const std::lock_guard lock{mutex_};
  return clients_.empty() && (kind_ == Kind::catch_up || Clock::now() - deserted_since_ > patience);
}

std::optional<HttpResponse> Feed::opening() const {
  const std::lock_guard lock{mutex_};
  if (!refusal_.empty()) return problem(400, refusal_);
  if (!joined_) return std::nullopt;
  return stream_head();
}

TextSource::Piece Feed::pull(ClientId client, std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second.left_behind) return {};
  auto& reader = found->second;
  if (auto gap = place(reader)) return {TextSource::Piece::Kind::text, *std::move(gap)};
  if (kind_ == Kind::catch_up) reader.cursor = std::max(reader.cursor, backlog_.at(reader.from));
  auto read = backlog_.read(reader.cursor, bytes_max);
  if (read.lost)
    return last_piece("cut-off", 503,
                      "events came faster than this client read them (gateway.stream_backlog_bytes); "
                      "come back with Last-Event-ID");
  reader.cursor = read.next;
  if (read.offset != 0) reader.from = read.offset + 1;
  drop_read();
  changed_.notify_all();
  if (!read.text.empty()) return {TextSource::Piece::Kind::text, std::move(read.text)};
  if (!refusal_.empty()) return last_piece("cut-off", 503, refusal_);
  if (ending_) return end_piece();
  return {};
}

// Where a client of a group begins, once the subscription is there: no later than at the journal's end, for
// it may remember another journal, and no sooner than at its begin.
std::optional<std::string> Feed::place(Client& client) {
  if (!joined_ || std::exchange(client.placed, true)) return std::nullopt;
  client.from = std::min(client.from, end_at_join_);
  if (client.from == 0 || client.from >= kept_from_) return std::nullopt;
  return gap_text(std::exchange(client.from, kept_from_), kept_from_ - 1);
}

std::optional<Feed::Reached> Feed::reached(ClientId client) const {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client);
  const bool has_all = found != clients_.end() && found->second.cursor == backlog_.end();
  if (kind_ != Kind::catch_up || !joined_ || !has_all) return std::nullopt;
  return Reached{std::max(seen_up_to_, found->second.from), idle_};
}

std::optional<std::uint64_t> Feed::left_behind(ClientId client) const {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client);
  if (found == clients_.end() || !found->second.left_behind) return std::nullopt;
  return found->second.from;
}

bool Feed::catches_up() const {
  const std::lock_guard lock{mutex_};
  return kind_ == Kind::catch_up && serves_anybody();
}

void Feed::end_turn() {
  {
    const std::lock_guard lock{mutex_};
    for (auto& [id, client] : clients_) client.left_behind = true;
    drop_read();
    changed_.notify_all();
  }
  wake_all();
}

void Feed::share() {
  const std::lock_guard lock{mutex_};
  kind_ = Kind::shared;
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

// Nothing more while half of a backlog waits for the quickest client of a shared feed: a burst larger than
// the backlog does not cut off those who read. Where all are slow, it goes on. A catch-up feed waits for its
// slowest, but not long where that keeps others waiting.
void Feed::await_room() {
  std::unique_lock lock{mutex_};
  const auto has_room = [this] { return over_ || is_read(); };
  const auto patience = [this] { return kind_ == Kind::shared ? quickest_patience : slowest_patience; };
  while (!changed_.wait_for(lock, patience(), has_room)) {
    if (kind_ == Kind::shared) return;
    leave_slowest();
  }
}

bool Feed::is_read() const {
  if (kind_ == Kind::catch_up) return serves_anybody() && is_read_from(slowest_cursor());
  std::uint64_t quickest = clients_.empty() ? backlog_.end() : 0;
  for (const auto& [id, client] : clients_) quickest = std::max(quickest, client.cursor);
  return is_read_from(quickest);
}

bool Feed::is_read_from(std::uint64_t cursor) const {
  return backlog_.bytes_from(cursor) <= backlog_bytes_ / 2;
}

bool Feed::serves_anybody() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return !client.second.left_behind; });
}

// Of those whom a catch-up feed serves.
std::uint64_t Feed::slowest_cursor() const {
  auto slowest = backlog_.end();
  for (const auto& [id, client] : clients_) {
    if (!client.left_behind) slowest = std::min(slowest, client.cursor);
  }
  return slowest;
}

// Those who keep others waiting; nobody where all do.
void Feed::leave_slowest() {
  const auto keeps_waiting = [this](const auto& client) {
    return client.second.left_behind || !is_read_from(client.second.cursor);
  };
  if (std::all_of(clients_.begin(), clients_.end(), keeps_waiting)) return;
  for (auto& client : clients_) client.second.left_behind = keeps_waiting(client);
  drop_read();
}

void Feed::drop_read() {
  if (kind_ == Kind::catch_up) backlog_.drop_before(slowest_cursor());
}

void Feed::take(const StreamBatch& batch) {
  if (batch.kind == StreamBatch::Kind::events) return take_events(batch);
  {
    const std::lock_guard lock{mutex_};
    if (batch.kind == StreamBatch::Kind::refused) refusal_ = batch.text;
    if (batch.kind == StreamBatch::Kind::joined) join(batch);
    const bool was_idle = std::exchange(idle_, batch.kind == StreamBatch::Kind::idle);
    // That there is nothing more concerns only who catches up.
    if (idle_ && (was_idle || kind_ == Kind::shared)) return;
  }
  wake_all();
}

// The journal may have begun behind what was asked for, or, after a lost connection, behind what had come. A
// subscription that begins at the journal's end says nothing of that: all before it may be there, unwanted.
void Feed::join(const StreamBatch& batch) {
  const auto first = batch.first_offset;
  const bool begins_late = first < batch.end_offset;
  if (!joined_) {
    began_ = seen_up_to_ = first;
    end_at_join_ = batch.end_offset;
    if (begins_late) kept_from_ = first;
  } else if (begins_late && first > seen_up_to_) {
    backlog_.add(first - 1, gap_text(seen_up_to_, first - 1));
    seen_up_to_ = first;
  }
  joined_ = true;
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
