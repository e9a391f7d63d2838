// The clients of one feed: where each of them stands in what the subscription has brought, and what it gets
// next. A feed (feed.h) is this, a subscription at the broker, and a thread.
//
//   FeedReaders readers{FeedReaders::Kind::catch_up, 4 MiB};
//   readers.add_to_group(7, wake, 100);            // everything from offset 100 on
//   readers.joined({.first_offset = 90, .end_offset = 500});
//   readers.came(100, "id: 100\n…");
//   auto piece = readers.read(7, 64 KiB);
//
// Sans-IO; not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/events/backlog.h"
#include "gateway/http/exchange.h"

namespace reel::gateway {

/// What a client reads last, and why.
[[nodiscard]] TextSource::Piece last_piece(const std::string& name, int status, std::string_view why);

class FeedReaders {
 public:
  using ClientId = std::uint64_t;
  using Wake = std::function<void()>;
  enum class Kind : std::uint8_t { shared, catch_up };
  FeedReaders(Kind kind, std::size_t backlog_bytes);

  /// From the feed's end.
  void add(ClientId client, Wake wake);
  /// Where a client is.
  struct Reached {
    std::uint64_t offset = 0;  ///< it has every event before this one
    std::uint64_t next = 0;    ///< it stands behind the last one it had
    bool all = false;          ///< there are no more
  };
  /// From there on. False where that is not kept, or is further than this feed knows the journal to be.
  [[nodiscard]] bool add_at(ClientId client, Wake wake, const Reached& at);
  /// To a catch-up feed, which begins there or before. 0: from its begin.
  void add_to_group(ClientId client, Wake wake, std::uint64_t offset);
  void remove(ClientId client);
  [[nodiscard]] std::size_t size() const { return clients_.size(); }
  [[nodiscard]] std::vector<Wake> wakes() const;

  /// What the broker said of a subscription, the first time or after a lost connection.
  struct Joined {
    std::uint64_t first_offset = 0;  ///< no event before it comes
    std::uint64_t end_offset = 0;    ///< the journal's
  };
  void joined(const Joined& said);
  void came(std::uint64_t offset, std::string text);
  /// What the broker has told besides. Not before the events that came with it.
  struct Heard {
    std::uint64_t upto = 0;        ///< every event before it came
    std::uint64_t end_offset = 0;  ///< the journal's
  };
  void heard(const Heard& said);
  /// There is nothing more for now, up to that log time. Whether that is news to anybody.
  [[nodiscard]] bool nothing_more(std::uint64_t watermark);
  [[nodiscard]] bool has_joined() const { return joined_; }

  [[nodiscard]] TextSource::Piece read(ClientId client, std::size_t bytes_max);
  /// What says to a client that has all there is that its stream is still there. With the id up to which it
  /// has it, where that is news: who comes back with it has missed nothing before.
  [[nodiscard]] std::string beat(ClientId client);
  /// For a client of a catch-up feed that has what was read for it.
  [[nodiscard]] std::optional<Reached> reached(ClientId client) const;
  /// The first offset that a client has not had which this feed no longer serves.
  [[nodiscard]] std::optional<std::uint64_t> left_behind(ClientId client) const;

  [[nodiscard]] Kind kind() const { return kind_; }
  /// Whether more may be read from the broker.
  [[nodiscard]] bool have_room() const;
  [[nodiscard]] bool serves_anybody() const;
  /// Those who keep others waiting; nobody where all do.
  void leave_slowest();
  void leave_all();
  /// It is a catch-up feed no more.
  void share();

 private:
  struct Client {
    std::uint64_t cursor = 0;
    std::uint64_t from = 0;  // the first offset it wants; 0: whatever comes
    Wake wake;
    bool placed = false;  // `from` is one that this journal has
    bool skips = false;   // what comes may be before `from`
    bool left_behind = false;
  };

  [[nodiscard]] bool is_read_from(std::uint64_t cursor) const;
  [[nodiscard]] std::uint64_t slowest_cursor() const;
  [[nodiscard]] std::optional<std::string> place(Client& client);
  [[nodiscard]] std::optional<std::string> begin_behind_missing(Client& client) const;
  void skip(Client& client) const;
  void go_back(std::uint64_t end);
  void drop_read();

  const std::size_t backlog_bytes_;
  Kind kind_;
  Backlog backlog_;
  std::map<ClientId, Client> clients_;
  bool joined_ = false;
  bool idle_ = false;
  std::uint64_t began_ = 0;      // no event before this offset comes
  std::uint64_t kept_from_ = 0;  // nor was there one in the journal; 0: that is not known
  std::uint64_t end_at_join_ = 0;
  std::uint64_t missing_from_ = 0;  // what left the journal while the connection was lost, the last time
  std::uint64_t missing_end_ = 0;
  std::uint64_t end_ = 0;         // of the journal, as far as is known
  std::uint64_t seen_up_to_ = 0;  // every event before this offset came
  std::uint64_t watermark_ = 0;
};

}  // namespace reel::gateway
