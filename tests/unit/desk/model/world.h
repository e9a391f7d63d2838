// The broker's whole desk over a journal of its own, in virtual time: what clients say goes in, what they are
// told is kept until it is asked for, and nothing depends on how fast a thread or the disk is.
//
//   World world{model};
//   world.opens("p/1", "payments"); world.subscribes("p/1", …);
//   world.publishes("shop", 1, {…});
//   world.runs();                        // whatever can happen without time going on
//   for (const auto& one : world.take_handed()) …
//
// Somebody reads the whole log along, the broker's own records with it. After runs() all that was appended is
// on the disk, which the desk is told unless the disk stalls, and every read that was asked for is answered.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "desk/desk.h"

namespace reel::broker::test {

/// An event to be published.
struct Draft {
  std::string topic;
  std::string id;
  std::string key;
  std::string subject;
  std::string cause;
  LogTime deliver_at = 0;
  LogTime expires = 0;
};

/// An event as it stands in the log.
struct Logged {
  Offset offset = 0;
  std::string source;
  std::string topic;
  std::string id;
  std::string key;
  std::string cause;
  std::string subject;
  std::string data;
};

/// An event as it comes to an instance.
struct Handed {
  std::string session;
  Offset offset = 0;  ///< by which it is settled
  Offset origin = 0;  ///< where it stands
  std::uint32_t delivery = 0;
  std::uint32_t attempt = 0;
  v1::Redelivery kind = v1::REDELIVERY_NONE;
  std::string id;
  std::string topic;
  std::string key;
};

/// What an instance says to what it was handed.
struct Answers {
  struct To {
    Offset offset = 0;
    std::uint32_t delivery = 0;
  };
  struct Ack : To {
    std::vector<Draft> emits;
  };
  struct Nack : To {
    std::uint32_t delay_ms = 0;
    bool reject = false;
  };
  std::vector<Ack> acks;
  std::vector<Nack> nacks;
  std::vector<To> in_progress;
};

class World {
 public:
  explicit World(config::Model model);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- clients; a session is known by its connection's name
  void opens(const std::string& session, const std::string& service, const std::string& instance);
  void subscribes(const std::string& session, v1::Subscribe request);
  void publishes(const std::string& session, std::uint64_t sequence, const std::vector<Draft>& events);
  void settles(const std::string& session, const Answers& answers);
  void leaves(const std::string& session);
  /// Nothing is heard of it from here on.
  void falls_silent(const std::string& session) { sessions_.erase(session); }
  /// Garbage comes from it, by which it is lost at once.
  void dies(const std::string& session);
  v1::Reply asks(v1::Request request);

  // ---- disk and time
  /// What is appended from here on is not told to be committed; `full`: and the reason is told.
  void stalls(bool full);
  void goes_on();
  [[nodiscard]] bool stalled() const { return stalled_; }
  /// Time goes on by so much, and all but `silent` say that they are there.
  void advance(LogTime by, const std::string& silent = {});
  [[nodiscard]] LogTime now() const { return now_; }
  void runs();
  /// The state is written down, from which the next start begins.
  void snapshots();
  /// Old segments are deleted; the journal's first offset then.
  Offset retains();
  /// The broker is killed and started again. `loses`: what was appended since the disk stalled is not on it.
  /// `forgets`: the snapshot is not there any more.
  void restarts(bool loses, bool forgets);

  // ---- what was told since it was last asked for
  [[nodiscard]] std::vector<Logged> take_log() { return std::exchange(log_, {}); }
  [[nodiscard]] std::vector<Handed> take_handed() { return std::exchange(handed_, {}); }
  [[nodiscard]] std::vector<std::pair<std::string, v1::Accepted>> take_accepted() {
    return std::exchange(accepted_, {});
  }
  [[nodiscard]] std::vector<std::pair<std::string, v1::Settled>> take_settled() {
    return std::exchange(settled_, {});
  }
  /// What no honest client is told.
  [[nodiscard]] std::string take_refused() { return std::exchange(refused_, {}); }

 private:
  void start(const std::optional<v1::Snapshot>& saved);
  void reads_along();
  void frame(const std::string& session, const v1::ToBroker& head, std::string batch = {});
  bool receive(const std::string& session, const v1::FromBroker& frame, std::string_view batch);
  void note(const std::string& session, const v1::Deliver& deliver, std::string_view batch);
  void waits_for_the_disk();

  config::Model model_;
  SchemaSet schemas_;
  const std::filesystem::path directory_;
  zmq::context_t context_{0};
  LiveTap tap_;
  LogTime now_ = 1'700'000'000'000'000'000;
  std::optional<Journal> journal_;
  std::optional<Desk> desk_;
  std::set<std::string> sessions_;
  std::optional<v1::Snapshot> saved_;
  Offset read_to_ = 1;                 // by who reads along
  std::vector<v1::Settle::Ack> read_;  // and not settled yet
  std::uint64_t settles_ = 0;
  std::uint64_t happened_ = 0;  // frames that went out, reads that were answered
  bool stalled_ = false;
  std::optional<Committed> held_back_;

  std::vector<Logged> log_;
  std::vector<Handed> handed_;
  std::vector<std::pair<std::string, v1::Accepted>> accepted_;
  std::vector<std::pair<std::string, v1::Settled>> settled_;
  std::optional<v1::Reply> reply_;
  std::string refused_;
};

}  // namespace reel::broker::test
