// The broker's desk over a journal of its own, in virtual time and without sockets: clients are names, what
// they are told is text, and the disk fails when it is told to.
//
//   DeskBench bench;
//   bench.serves("payments", "order.placed");
//   bench.publishes("order.placed", {"e1 k"});            // an id and a key
//   bench.until([&] { return bench.got("payments") == "e1#1"; });    // #1: by its first delivery
//   bench.settles("payments", {.acks = {{1, 1}}});         // offset and delivery
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "desk/desk.h"

namespace reel::broker::test {

/// order.placed and order.paid; payments parks, tries again after 10 ms and has 1 s for an event.
[[nodiscard]] config::Model desk_model();

class DeskBench {
 public:
  explicit DeskBench(config::Model model = desk_model());
  ~DeskBench();
  DeskBench(const DeskBench&) = delete;
  DeskBench& operator=(const DeskBench&) = delete;

  // ---- clients
  void serves(const std::string& service, const std::string& pattern, bool tells_begun = false);
  /// One of several instances of `service`, known by its own name; a new service begins where `start` says.
  void joins(const std::string& instance, const std::string& service,
             const std::vector<std::string>& patterns, v1::Subscribe start = {});
  /// It subscribes to nothing; known by its service's name.
  void says_hello(const std::string& service, const std::string& instance, const std::string& host = "");
  /// With no memory, from where `start` says.
  void reads(const std::string& reader, const std::vector<std::string>& patterns, v1::Subscribe start);
  /// Again, in the same session.
  void subscribes(const std::string& instance, const std::vector<std::string>& patterns);
  /// Its handlers are at the first deliveries of these, and nothing else waits that it holds.
  void beats(const std::string& service, const std::vector<Offset>& begun);
  /// What it finds out about itself, with a beat.
  void tells_checks(const std::string& instance, v1::SelfChecks checks);
  void leaves(const std::string& service);
  /// Its process is killed: what is sent to it reaches nobody, and that somebody's connection ended is known.
  void is_killed(const std::string& instance) {
    killed_.insert(instance);
    desk_->connection_ended();
  }
  /// Publishes "ID KEY" as `producer`, whose ids are its own; with so much data each. "ID KEY 5ms" expires
  /// after so long. The answer is told().
  void publishes(const std::string& topic, const std::vector<std::string>& events, std::uint64_t producer = 7,
                 std::size_t data_bytes = 0);
  /// What publishers were told since the last call: "3 from 1", "0=17" for a duplicate of 17, "0:REASON".
  [[nodiscard]] std::string told();

  struct Answer {
    Offset offset = 0;
    std::uint32_t delivery = 1;
    bool reject = false;
  };
  struct Emit {
    Offset offset = 0;
    std::string id;
    std::string topic = "order.paid";
  };
  struct Answers {
    std::vector<Answer> acks;
    std::vector<Answer> nacks;
    std::vector<Emit> emits;
  };
  /// One SETTLE; what it is answered with: "stale 1; refused 1 EMIT'S REASON".
  std::string settles(const std::string& service, const Answers& answers);

  /// Everything that `service` was sent, in order: "e1#1 e1#2", redelivered ones as "e1#1!". What was taken
  /// back unasked: "(-3#1)", by its offset. What the broker tells: "dead(payments: e1, Oops)#1".
  [[nodiscard]] std::string got(const std::string& service) const {
    return got_.contains(service) ? got_.at(service) : "";
  }
  /// Of what was sent last, to anybody.
  struct Envelope {
    std::string correlationid;
    std::string causationid;
    std::string key;
  };
  [[nodiscard]] const Envelope& envelope() const { return envelope_; }
  /// What the reports say was handed over, as far as "audit" was sent them: "3#1 4#1", by offset.
  [[nodiscard]] const std::string& reported() const { return reported_; }
  /// Where its newest delivery is settled.
  [[nodiscard]] Offset newest(const std::string& service) const { return newest_.at(service); }

  /// Asks what has to be read nowhere, or waits until it is.
  v1::Reply asks(v1::Request request);
  /// Tells payments what to do; the answer's first sentence, or how many events it was about.
  std::string tells(v1::Command command);
  /// The same, and does not wait for the answer.
  void begins_to_tell(v1::Command command);
  /// "1 reel.Gone 5 std::runtime_error": payments' letters and what killed them.
  [[nodiscard]] std::string letters();

  // ---- disk and time
  /// What is committed from here on is not told until the disk has room.
  void disk_stalls() { stalled_ = true; }
  /// And it is said to be full.
  void disk_fills();
  void disk_has_room();
  /// From here on, reads bring nothing but an error.
  void disk_unreadable(bool unreadable) { unreadable_ = unreadable; }
  [[nodiscard]] std::size_t failed_reads() const { return failed_reads_; }
  /// Retention, as the broker has it; the journal's first offset then.
  Offset retains();
  /// The broker is killed and started again: clients are gone, and its state is what the journal says, from
  /// the snapshot on where there is one.
  void restarts(const std::optional<v1::Snapshot>& saved = std::nullopt);
  /// What the configuration says from the next restart on.
  [[nodiscard]] config::Model& model() { return model_; }
  /// The file says this, and the broker is told to read it: why it does not, or nothing.
  std::string reloads(config::Model wanted, bool dry_run = false);
  /// What it said then.
  [[nodiscard]] const v1::ReloadReply& reloaded() const { return reloaded_; }
  /// The newest segment is full: what is published next is in another one.
  void fills_segment();
  void advance(std::chrono::milliseconds time) {
    now_ += static_cast<LogTime>(time.count()) * 1'000'000;
    steady_ += static_cast<LogTime>(time.count()) * 1'000'000;
  }
  /// Somebody sets the clock of the day.
  void steps_clock(std::chrono::milliseconds by) { now_ += static_cast<LogTime>(by.count()) * 1'000'000; }

  /// Turns the loop until it is so.
  void until(const std::function<bool()>& condition);
  /// Until everything that was appended is committed, and what follows from it done.
  void rest();
  [[nodiscard]] Desk& desk() { return *desk_; }
  [[nodiscard]] Journal& journal() { return *journal_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  void start(const std::optional<v1::Snapshot>& saved = std::nullopt);
  void frame(const std::string& client, const v1::ToBroker& head, const std::string& batch = {});
  bool receive(const std::string& client, const v1::FromBroker& frame, const std::string& batch);
  void note(const std::string& client, const v1::Deliver& deliver, const std::string& batch);
  void note_report(std::string_view data);
  void take(JournalDone done);
  void turn();

  config::Model model_;
  SchemaSet schemas_;
  const std::filesystem::path directory_;
  zmq::context_t context_{0};
  LiveTap tap_;
  LogTime now_ = 1'700'000'000'000'000'000;
  std::uint64_t steady_ = 1'000'000'000;
  std::optional<Journal> journal_;
  std::optional<Desk> desk_;

  std::map<std::string, std::string> got_;
  std::map<std::string, Offset> newest_;
  std::set<std::string> killed_;
  std::string reported_;
  Envelope envelope_;
  std::map<std::uint64_t, std::uint64_t> sequences_;  // by producer
  std::uint64_t settles_ = 0;
  std::string told_;
  std::optional<v1::Settled> settled_;
  std::optional<v1::Reply> reply_;
  v1::ReloadReply reloaded_;

  bool stalled_ = false;
  std::vector<JournalDone> held_back_;  // while it is stalled
  bool unreadable_ = false;
  std::size_t failed_reads_ = 0;
};

}  // namespace reel::broker::test
