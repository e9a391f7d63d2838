// The broker as a person would write down what it promises: a log, for each service a list of what it is
// owed, and every question answered by a walk over them. Slow, and obviously right.
//
// It is told what clients, operators, the disk and time do, as the real one is, and then sees what the real
// one made of it: the log, what was handed to whom, and every answer. What must be so it compares; where the
// real one is free (which instance, when a key that was parked goes on, in which portions) it takes any
// choice that keeps the promises. sees() says what is wrong, "" where nothing is.
//
// Nothing here knows of ranges, windows, batches, snapshots, segments or reading ahead.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "world.h"

namespace reel::broker::test {

class NaiveBroker {
 public:
  using Place = std::size_t;  // of an event, counted in `log`

  struct Event {
    std::string source;
    std::string topic;
    std::string id;  // of a derived one: known once it was read
    std::string key;
    std::string subject;
    std::string cause;
    std::string of_source;  // of a derived one: its cause's
    LogTime at = 0;
    LogTime expires = 0;
    bool chosen = false;
    bool was_delayed = false;  // or derived from one that was
    std::size_t number = 0;    // in the order they were appended; its place may differ, see find_delayed
    Offset offset = 0;         // known once it was read, and so committed
  };
  struct Delayed {
    Draft draft;
    std::string source;
    bool chosen = false;
    bool over = false;  // it took its place in the log, or was cancelled
    Offset offset = 0;  // known once it was read
  };
  /// An event that a service is owed, or owed once more.
  struct Owed {
    Place place = 0;
    v1::Redelivery kind = v1::REDELIVERY_NONE;
    Offset offset = 0;  // by which it is settled
    std::string key;
    std::uint32_t attempt = 1;
    std::uint32_t delivery = 0;
    std::uint32_t losses = 0;
    LogTime first_failed_at = 0;
    LogTime due = 0;
    std::string holder;  // a session; empty: it waits
    LogTime handed_at = 0;
    LogTime deadline = 0;
    bool resuming = false;  // its key was parked and goes on; how far the broker is with that is open
    bool was_parked = false;
    [[nodiscard]] bool failed() const { return attempt > 1 || losses > 0; }
    [[nodiscard]] std::string words() const {
      return "event at " + std::to_string(offset) + " of key " + key;
    }
  };
  struct Instance {
    std::string session;
    std::string name;
    std::uint32_t credit = 0;
    std::set<std::string> names;  // patterns
  };
  struct Service {
    config::Service policy;
    std::map<std::string, Place> patterns;             // with where each begins; none: it never subscribed
    std::map<std::string, LogTime> unnamed;            // of them those that no instance names, since when
    LogTime came_at = 0;                               // since when somebody serves it; 0: nobody does
    std::string subject;                               // of what it wants; empty: any
    std::set<Place> withdrawn;                         // wanted no longer; may be handled all the same
    std::vector<Owed> line;                            // each key's in the order in which it is to come
    std::map<Place, std::string> dead;                 // key
    std::map<std::string, std::vector<Place>> parked;  // by key, in order
    std::set<Place> parked_reported;
    std::map<Place, int> acked;
    std::set<Place> expired;
    std::set<Place> discarded;
    std::vector<Instance> instances;  // in the order they joined
    LogTime paused_until = 0;
    std::vector<LogTime> handed_at;  // since the broker started
    std::size_t failed_in_row = 0;
    // Keys whose first event lasted while much was owed: of what follows it the broker may have to read
    // again.
    std::set<std::string> may_be_left;
    bool probes = false;  // its circuit breaker is not closed
    std::pair<Offset, std::uint32_t> probe;
    // What the log must come to say.
    std::multiset<Offset> acks_to_read;
    std::multiset<std::string> failures_to_read;
    std::set<Place> redriven_to_read;
    std::size_t breaks_to_read = 0;
    std::set<std::string> patterns_read;  // what it last said that this service wants
    std::vector<Place> replayed_to_read;
    std::set<Place> letters_to_tell;  // on reel.dead_letter, once
    std::set<Place> may_be_told;      // those that were redriven, discarded or forgotten meanwhile

    [[nodiscard]] bool known() const { return !patterns.empty(); }
    [[nodiscard]] bool parks() const { return policy.on_dead == config::OnDead::park; }
    [[nodiscard]] bool blocked(const std::string& key) const;
    [[nodiscard]] bool paused(LogTime now) const { return paused_until > now; }
    [[nodiscard]] bool works(const std::string& session) const;
    [[nodiscard]] std::size_t in_flight(const std::string& session = {}) const;
  };

  explicit NaiveBroker(const config::Model& model) : model_{model} {}

  // ---- what is done
  void publishes(const std::string& session, std::uint64_t sequence, const std::vector<Draft>& events);
  /// Whether it is certain that the broker knows a batch again if it answered it: of what is live only the
  /// disk has nothing, but a snapshot may.
  [[nodiscard]] bool is_remembered(const std::string& session, std::uint64_t sequence) const;
  void settles(const std::string& session, const Answers& answers);
  /// Or subscribes again, in the session that it has or in another.
  void joins(const std::string& service, const Instance& instance, bool from_start);
  void leaves(const std::string& session, bool lost);
  void stalls(bool full);
  void goes_on();
  /// `at_stall`: the state to go back to where the disk has nothing since then.
  void restarts(const NaiveBroker* at_stall);
  void passes(LogTime now);
  void retained(Offset from);

  // ---- what operators do; how many events that is about
  std::size_t redrives(const std::string& service, const std::set<Place>& places);
  std::size_t discards(const std::string& service, const std::set<Place>& places);
  bool retries_now(const std::string& service, Offset offset);
  bool gives_up(const std::string& service, Offset offset);
  void replays(const std::string& service, Place from, Place to);
  bool cancels(Offset delayed);
  void forgets(const std::string& service);

  // ---- what comes of it
  [[nodiscard]] std::string sees(World& world);
  /// What it read of the log since the last call.
  [[nodiscard]] std::vector<Logged> take_read() { return std::exchange(seen_, {}); }

  // ---- how things stand
  [[nodiscard]] static bool wants(const Service& service, const Event& event, Place place);
  /// Whatever stands where.
  [[nodiscard]] static bool names_topic(const Service& service, const std::string& topic);
  [[nodiscard]] Service* service_of(const std::string& session);
  [[nodiscard]] bool trouble() const { return stalled_ && full_; }
  /// What is owed once more was asked for, and does not.
  [[nodiscard]] bool has_expired(const Owed& owed) const {
    const auto expires = log[owed.place].expires;
    return owed.kind == v1::REDELIVERY_NONE && expires != 0 && expires <= now;
  }

  std::vector<Event> log;
  std::vector<Delayed> delayed;
  std::map<std::string, Service> services;
  LogTime now = 0;
  Offset begin = 1;  // of the journal

 private:
  /// What a publisher is to be told.
  struct Answer {
    std::uint64_t sequence = 0;
    std::optional<std::size_t> first;    // its first event, by number, or
    std::optional<std::size_t> delayed;  // where none takes a place in the log at once, its first delayed one
    LogTime at = 0;
    std::uint32_t accepted = 0;
    std::map<std::uint32_t, std::string> duplicates;  // by entry: where the first stands, "?" not asked
    std::vector<std::uint32_t> matched;
    std::size_t refused = 0;
    std::vector<std::string> refused_ids;  // which may be accepted later, in another batch
    bool resend = false;
    bool at_once = false;
    bool from_disk = false;  // the broker was killed since
  };
  struct Stale {
    std::multiset<Offset> stale;
    std::multiset<Offset> refused;
  };

  // naive_broker.cpp
  void append(const std::string& source, const std::vector<Draft>& events, bool chosen);
  void append_due();
  [[nodiscard]] std::string known(const std::string& source, const std::string& id) const;
  [[nodiscard]] std::uint32_t matched(const Draft& draft) const;
  // naive_settling.cpp
  void fail(Service& service, Place place, Offset offset, v1::Ending ending, bool reject, LogTime delay);
  void dies(Service& service, std::size_t at);
  void go_on(Service& service, const std::string& key);
  /// It is none any more.
  static void drop_letter(Service& service, Place place);
  [[nodiscard]] LogTime backoff(const Service& service, std::uint32_t attempt) const;

  // naive_wishes.cpp
  void wish(Service& service, const Instance& instance, Place beginning);
  [[nodiscard]] bool all_have_come(const Service& service) const;
  void named_no_more(Service& service, const Instance& instance) const;
  void withdraw_unnamed(Service& service);
  void withdraw(Service& service, const std::string& pattern);
  [[nodiscard]] bool held_back(const Service& service, const Owed& owed) const;
  // naive_limits.cpp
  [[nodiscard]] bool within_rate(const Service& service) const;
  [[nodiscard]] static bool is_probed(const Service& service);
  void heard(Service& service, bool any_acked, std::size_t failed) const;
  // naive_log.cpp
  void see(const Logged& logged);
  void see_event(const Logged& logged);
  void find_delayed(const Logged& logged);
  void see_redelivery(const std::string& service, const Logged& logged);
  void see_report(const v1::DeliveryReport& report);
  void see_failure(Service& service, const v1::Failure& failure);
  bool expired_before_parked(Service& service, Offset offset) const;
  void see_delayed(const Logged& logged);
  void see_letter(const Logged& logged);
  // naive_seeing.cpp
  void see_handed(const Handed& handed);
  void see_accepted(const std::string& session, const v1::Accepted& accepted);
  void see_settled(const std::string& session, const v1::Settled& settled);
  void see_what_lasts(Service& service) const;
  void see_rest();
  void see_what_waits(const std::string& name, const Service& service);
  [[nodiscard]] std::optional<Place> place_of(Offset offset) const;
  [[nodiscard]] Offset offset_of(std::size_t number) const;
  void wrong(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }

  config::Model model_;
  std::size_t read_ = 0;  // of log
  std::vector<Logged> seen_;
  std::map<std::pair<std::string, std::uint64_t>, Answer> published_;  // by session and sequence
  std::map<std::string, std::vector<Answer>> answers_;                 // to come
  std::map<std::string, std::vector<Stale>> settled_;                  // to come
  std::map<std::string, std::string> derived_;                         // ids, by cause and its source
  bool stalled_ = false;
  bool full_ = false;
  LogTime patient_until_ = 0;
  std::string wrong_;
};

}  // namespace reel::broker::test
