#include "gateway/events/feed_readers.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace reel::gateway {
namespace {

constexpr std::string_view left_the_journal =
    "the journal no longer has these offsets: what they held of these topics did not come";
constexpr std::string_view lost_by_broker =
    "the journal ends before these offsets: its broker has come back without them, or it is another; what "
    "comes at them is new";

// Who comes back with this id goes on behind it.
std::string gap_text(std::uint64_t id, std::uint64_t from, std::uint64_t to, std::string_view why) {
  return "id: " + std::to_string(id) + "\nevent: gap\ndata: {\"from\":" + std::to_string(from) +
         ",\"to\":" + std::to_string(to) + ",\"detail\":\"" + std::string{why} + "\"}\n\n";
}

std::string missing_text(std::uint64_t from, std::uint64_t end) {
  return gap_text(end - 1, from, end - 1, left_the_journal);
}

std::string lost_text(std::uint64_t from, std::uint64_t end) {
  return gap_text(from - 1, from, end - 1, lost_by_broker);
}

}  // namespace

TextSource::Piece last_piece(const std::string& name, int status, std::string_view why) {
  return {TextSource::Piece::Kind::end, "event: " + name + "\ndata: " + problem(status, why).body + "\n\n"};
}

FeedReaders::FeedReaders(Kind kind, std::size_t backlog_bytes)
    : backlog_bytes_{backlog_bytes},
      kind_{kind},
      // One that catches up is bounded by what is read for it.
      backlog_{kind == Kind::catch_up ? std::numeric_limits<std::size_t>::max() : backlog_bytes} {}

// ---- clients

void FeedReaders::add(ClientId client, Wake wake) {
  clients_[client] = {.cursor = backlog_.end(), .wake = std::move(wake), .placed = true};
}

void FeedReaders::add_to_group(ClientId client, Wake wake, std::uint64_t offset) {
  clients_[client] = {.from = offset, .wake = std::move(wake), .skips = true};
}

// It may be ahead of this feed, by events that are still to come here.
bool FeedReaders::add_at(ClientId client, Wake wake, const Reached& at) {
  if (!joined_ || !backlog_.holds(at.offset, began_) || at.next > end_) return false;
  clients_[client] = {.cursor = backlog_.at(at.offset),
                      .from = at.offset,
                      .wake = std::move(wake),
                      .placed = true,
                      .skips = true};
  return true;
}

void FeedReaders::remove(ClientId client) {
  clients_.erase(client);
  drop_read();
}

std::vector<FeedReaders::Wake> FeedReaders::wakes() const {
  std::vector<Wake> wakes;
  wakes.reserve(clients_.size());
  for (const auto& [id, client] : clients_) wakes.push_back(client.wake);
  return wakes;
}

// ---- what the subscription brings

// The journal may have begun behind what was asked for, or, after a lost connection, behind what had come. A
// subscription that begins at the journal's end says nothing of that: all before it may be there, unwanted.
void FeedReaders::joined(const Joined& said) {
  idle_ = false;
  const auto first = said.first_offset;
  const bool begins_late = first < said.end_offset;
  end_ = said.end_offset;
  if (!std::exchange(joined_, true)) {
    began_ = seen_up_to_ = first;
    end_at_join_ = said.end_offset;
    if (begins_late) kept_from_ = first;
  } else if (first < seen_up_to_) {
    go_back(first);
  } else if (begins_late && first > seen_up_to_) {
    backlog_.add(first - 1, missing_text(seen_up_to_, first));
    missing_from_ = std::exchange(seen_up_to_, first);
    missing_end_ = first;
  }
}

// The broker has come back without its newest events, and gives their offsets to others.
void FeedReaders::go_back(std::uint64_t end) {
  for (auto& [id, client] : clients_) {
    skip(client);
    client.skips = false;
  }
  backlog_.begin_again();
  backlog_.add(end - 1, lost_text(end, seen_up_to_));
  began_ = seen_up_to_ = end_at_join_ = end;
  missing_from_ = missing_end_ = 0;
}

void FeedReaders::came(std::uint64_t offset, std::string text) {
  idle_ = false;
  if (offset < seen_up_to_) return;  // came again after a lost connection
  backlog_.add(offset, std::move(text));
  seen_up_to_ = offset + 1;
  end_ = std::max(end_, seen_up_to_);
}

void FeedReaders::heard(const Heard& said) {
  seen_up_to_ = std::max(seen_up_to_, said.upto);
  end_ = std::max(end_, said.end_offset);
}

// It concerns only who catches up. As long as such a client has not gone over to the shared feed, each new
// watermark is news: that one may hear of the same later.
bool FeedReaders::nothing_more(std::uint64_t watermark) {
  const bool was_idle = std::exchange(idle_, true);
  const bool same = std::exchange(watermark_, watermark) == watermark;
  return kind_ == Kind::catch_up && !(was_idle && same);
}

// ---- what a client gets

TextSource::Piece FeedReaders::read(ClientId id, std::size_t bytes_max) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second.left_behind) return {};
  auto& client = found->second;
  if (auto gap = place(client)) return {TextSource::Piece::Kind::text, *std::move(gap)};
  if (auto gap = begin_behind_missing(client)) return {TextSource::Piece::Kind::text, *std::move(gap)};
  skip(client);
  auto read = backlog_.read(client.cursor, bytes_max);
  if (read.lost)
    return last_piece("cut-off", 503,
                      "events came faster than this client read them (gateway.stream_backlog_bytes); "
                      "come back with Last-Event-ID");
  client.cursor = read.next;
  drop_read();
  if (read.text.empty()) return {};
  client.from = read.offset + 1;
  client.skips = false;
  return {TextSource::Piece::Kind::text, std::move(read.text)};
}

// Where a client of a group begins, once the subscription is there: no later than at the journal's end, and
// no sooner than at its begin.
std::optional<std::string> FeedReaders::place(Client& client) {
  if (!joined_ || std::exchange(client.placed, true)) return std::nullopt;
  if (client.from > end_at_join_) return lost_text(end_at_join_, std::exchange(client.from, end_at_join_));
  if (client.from == 0 || client.from >= kept_from_) return std::nullopt;
  return missing_text(std::exchange(client.from, kept_from_), kept_from_);
}

// One that begins within what is missing does not miss all of it.
std::optional<std::string> FeedReaders::begin_behind_missing(Client& client) const {
  if (!client.skips || !client.placed) return std::nullopt;
  if (client.from <= missing_from_ || client.from >= missing_end_) return std::nullopt;
  return missing_text(std::exchange(client.from, missing_end_), missing_end_);
}

void FeedReaders::skip(Client& client) const {
  if (client.skips && backlog_.holds(client.from, began_))
    client.cursor = std::max(client.cursor, backlog_.at(client.from));
}

std::string FeedReaders::beat(ClientId id) {
  const auto found = clients_.find(id);
  const bool has_all = found != clients_.end() && joined_ && found->second.placed &&
                       !found->second.left_behind && found->second.cursor == backlog_.end();
  if (!has_all || found->second.from >= seen_up_to_) return ": beat\n\n";
  found->second.from = seen_up_to_;
  return "id: " + std::to_string(seen_up_to_ - 1) + "\n: beat\n\n";
}

std::optional<FeedReaders::Reached> FeedReaders::reached(ClientId client) const {
  const auto found = clients_.find(client);
  const bool has_all = found != clients_.end() && found->second.cursor == backlog_.end();
  if (kind_ != Kind::catch_up || !joined_ || !has_all) return std::nullopt;
  const auto from = found->second.from;
  return Reached{.offset = std::max(seen_up_to_, from), .next = from, .all = idle_ && seen_up_to_ >= end_};
}

std::optional<std::uint64_t> FeedReaders::left_behind(ClientId client) const {
  const auto found = clients_.find(client);
  if (found == clients_.end() || !found->second.left_behind) return std::nullopt;
  return found->second.from;
}

// ---- how fast it goes

// Of a shared feed the quickest client must have read enough: a burst larger than the backlog then does not
// cut off those who read. Of a catch-up feed the slowest.
bool FeedReaders::have_room() const {
  if (kind_ == Kind::catch_up) return serves_anybody() && is_read_from(slowest_cursor());
  std::uint64_t quickest = clients_.empty() ? backlog_.end() : 0;
  for (const auto& [id, client] : clients_) quickest = std::max(quickest, client.cursor);
  return is_read_from(quickest);
}

bool FeedReaders::is_read_from(std::uint64_t cursor) const {
  return backlog_.bytes_from(cursor) <= backlog_bytes_ / 2;
}

bool FeedReaders::serves_anybody() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return !client.second.left_behind; });
}

// Of those whom a catch-up feed serves.
std::uint64_t FeedReaders::slowest_cursor() const {
  auto slowest = backlog_.end();
  for (const auto& [id, client] : clients_) {
    if (!client.left_behind) slowest = std::min(slowest, client.cursor);
  }
  return slowest;
}

void FeedReaders::leave_slowest() {
  const auto keeps_waiting = [this](const auto& client) {
    return client.second.left_behind || !is_read_from(client.second.cursor);
  };
  if (std::all_of(clients_.begin(), clients_.end(), keeps_waiting)) return;
  for (auto& client : clients_) client.second.left_behind = keeps_waiting(client);
  drop_read();
}

void FeedReaders::leave_all() {
  for (auto& [id, client] : clients_) client.left_behind = true;
  drop_read();
}

void FeedReaders::share() {
  kind_ = Kind::shared;
  backlog_.limit(backlog_bytes_);
}

void FeedReaders::drop_read() {
  if (kind_ == Kind::catch_up) backlog_.drop_before(slowest_cursor());
}

}  // namespace reel::gateway
