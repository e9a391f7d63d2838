// All services of the mesh: who subscribes to what, with which instances, and the settling of what they
// handled.
//
// Reports about deliveries go to the journal on reel.delivery, where the tracker and others read them. The
// reports about a service that itself reads reel.delivery go on reel.ledger, which is delivered to ephemeral
// subscriptions alone, whose deliveries nobody reports: otherwise every acknowledgement would make a report
// to acknowledge.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/model.h"
#include "journal/event_reads.h"
#include "ledger/ledger.h"
#include "service/publishing.h"
#include "service/rounds.h"
#include "service/service_queue.h"
#include "service/unnamed_patterns.h"
#include "session/session.h"

namespace reel::broker {

/// How services answer their clients; the broker sends, tests collect.
class Replies {
 public:
  virtual ~Replies() = default;
  virtual void send(InstanceId to, v1::FromBroker frame, Body batch = {}) = 0;
};

class Services final : private DeliveryEdge {
 public:
  Services(const config::Model& config, Ledger& ledger, Journal& journal, CommitLog& log, Router& router,
           Publishing& publishing, Replies& replies);

  /// After the ledger was recovered: every service it knows waits where it was.
  void recover();

  void subscribe(Session& session, const v1::Subscribe& request);
  void settle(Session& session, const v1::Settle& settle, const Received& emitted);
  /// What an instance has begun; nothing where it has not said that it tells.
  void told(const Session& session, const v1::ClientBeat& beat);
  /// The session ends; `lost`: without GOODBYE.
  void leave(const Session& session, bool lost);

  /// A batch was committed: the ledger learns what it says, and services that want something of it wake.
  void committed(const StoredBatchPtr& batch);
  void take_read(const ReadDone& done);
  /// Feeds, hands over and sends, for every service that something happened to, unless the last turn was for
  /// so many that they get a pause.
  void turn();
  /// How many it would be for.
  [[nodiscard]] std::size_t touched() const { return touched_.size(); }
  /// Timers: ack timeouts and retries.
  void expire();
  /// Journals which deliveries are in flight and were not reported with a settlement; now and then.
  void report_deliveries();
  /// When expire(), or a turn that was cut short, has something to do next; 0: no time matters.
  [[nodiscard]] LogTime next_deadline() const;

  /// Every event up to this log time that the session's subscription matches was delivered; 0 while that is
  /// not so.
  [[nodiscard]] LogTime watermark(const Session& session);
  /// Tells the ledger how far every service is, also those that settled nothing lately. Only while everything
  /// appended is committed: an ack that is not must not raise a floor.
  void raise_floors();
  /// Journal segments from here on are still needed.
  [[nodiscard]] Offset needed_from() const;
  /// The configuration is another one: how services are treated holds from here on.
  void take_up();

  [[nodiscard]] const ServiceQueue* find(std::string_view name) const;
  /// For commands: a service that is remembered; null where there is none of that name.
  [[nodiscard]] ServiceQueue* find_durable(std::string_view name);
  void each_durable(const std::function<void(ServiceQueue&)>& visit);
  /// Whether anybody subscribed as this service and is there, answered yet or not.
  [[nodiscard]] bool has_instances(std::string_view name) const;
  /// Whether it is in this session that an instance serves: not in one that it came out of into another.
  [[nodiscard]] bool serves(const Session& session) const { return members_.contains(session.id); }
  /// The service, which has no instances, is no more: whoever subscribes under its name begins anew, also
  /// while the ledger has not heard of it yet, which it has when it is forgotten().
  void forget(const std::string& name);
  void forgotten(const std::string& name) { forgetting_.erase(forgetting_.find(name)); }
  /// Whether the service's patterns and their `when` want the event, wherever they begin.
  [[nodiscard]] bool would_want(const std::string& service, const EventAt& at);
  /// Whether they want it where it stands.
  [[nodiscard]] bool does_want(const std::string& service, const EventAt& at);
  /// Whether nothing is owed to the service for what stands there, as far as is committed.
  [[nodiscard]] bool is_settled(const std::string& service, Offset offset) const;
  /// An encoded report of what was decided about the service's events, by no instance.
  [[nodiscard]] std::string encoded_report(ServiceQueue& queue, const Settlement& settlement) {
    return encoded_report(queue, InstanceId{}, {}, settlement);
  }
  /// Journals it.
  void report(ServiceQueue& queue, const Settlement& settlement) {
    journal_report(queue, InstanceId{}, {}, settlement);
  }
  /// Every service by its index, and the indices of those that want `topic`.
  [[nodiscard]] std::map<std::size_t, std::string> names() const;
  [[nodiscard]] const std::vector<ServiceIndex>& listening(std::string_view topic);
  /// Whether it counts when a publisher is told how many services its event matched.
  [[nodiscard]] bool listens(ServiceIndex index) const;

 private:
  /// Of a read's token: it says whose read it is, and which Reading.
  static constexpr std::uint64_t readings_per_service = readings;

  /// What an instance subscribed to: its patterns, with their `when` or nothing.
  using Wishes = std::map<std::string, std::string>;

  struct Member {
    std::string service;
    std::string instance;
    std::uint64_t settled = 0;  // sequence of its last SETTLE
  };

  [[nodiscard]] const ServiceRecord* record_of(const std::string& name) const;
  [[nodiscard]] ServiceQueue& open(const std::string& name, bool ephemeral, Offset next);
  [[nodiscard]] config::Service policy_of(const std::string& name) const;
  [[nodiscard]] std::size_t window_of(const std::string& name) const;
  void close(ServiceIndex index);
  /// From here on the service wants what these match.
  void want(ServiceQueue& queue, std::vector<v1::Pattern> patterns);
  void leave(InstanceId id, bool lost);
  void supersede(const Session& session);
  [[nodiscard]] bool anybody_names(const std::string& service, const std::string& pattern) const;
  [[nodiscard]] Wishes wishes_before(const Session& session, const std::string& service) const;
  /// Where patterns begin that are new.
  struct Beginning {
    Offset from = 0;
    bool last_per_topic = false;  ///< what they match begins with the newest event of its topic
  };
  [[nodiscard]] std::vector<v1::Pattern> patterns_for(const std::string& service, const Wishes& more,
                                                      const std::set<std::string>& without,
                                                      Beginning beginning) const;
  void begin(v1::Pattern& pattern, Beginning beginning) const;
  void note_unnamed(ServiceQueue& queue);
  void withdraw_unnamed();
  void journal_patterns(const std::string& service, const std::vector<v1::Pattern>& patterns,
                        std::function<void()> when_committed);
  [[nodiscard]] Beginning beginning_of(const v1::Subscribe& request);
  [[nodiscard]] std::size_t newest_bytes(const v1::Subscribe& request) const;
  [[nodiscard]] Offset newest_match(const v1::Subscribe& request) const;
  [[nodiscard]] std::optional<std::string> full_for(const v1::Subscribe& request, bool own,
                                                    bool opened) const;
  void activate(InstanceId id, const v1::Subscribe& request, Offset first);
  [[nodiscard]] bool observes_deliveries(std::string_view service) const;
  /// An encoded report of what happened, with what was delivered to `id` meanwhile; empty where there is
  /// nothing.
  [[nodiscard]] std::string encoded_report(ServiceQueue& queue, InstanceId id, std::string_view instance,
                                           const Settlement& settlement) {
    return encoded_report(queue, queue.take_delivered(id), instance, settlement);
  }
  [[nodiscard]] std::string encoded_report(ServiceQueue& queue, std::vector<v1::Delivered> delivered,
                                           std::string_view instance, const Settlement& settlement);
  void journal_report(ServiceQueue& queue, InstanceId id, std::string_view instance,
                      const Settlement& settlement) {
    journal_report(queue, queue.take_delivered(id), instance, settlement);
  }
  void journal_report(ServiceQueue& queue, std::vector<v1::Delivered> delivered, std::string_view instance,
                      const Settlement& settlement);
  void pause_if_needed(ServiceQueue& queue);
  void pause(ServiceQueue& queue, LogTime until, std::string note);
  void tell_taken_back(const std::vector<HandOver>& taken);
  void follow(const LedgerEntry& entry);
  void touch(ServiceQueue& queue);
  void touch(ServiceIndex index);
  /// Says how many of them were sent something.
  std::size_t turn(const std::set<ServiceIndex>& services, LogTime now);
  [[nodiscard]] bool may_read(ServiceIndex service, std::string_view topic) const;

  // DeliveryEdge
  StoredBatchPtr recent(Offset offset) const override { return log_.tail().find(offset); }
  Offset committed_end() const override { return log_.committed_end(); }
  bool wants(ServiceIndex service, std::string_view topic) override;
  void read(ServiceIndex service, Reading reading, Offset from) override;
  bool is_choosy(ServiceIndex service, std::string_view topic) override;
  std::optional<Selections::Picked> picked(ServiceIndex service, const StoredBatch& batch,
                                           std::uint32_t until, std::size_t& asks_left) override;
  bool wants_event(ServiceIndex service, const StoredRun& run, const StoredEvent& event,
                   Offset offset) override;
  void deliver(InstanceId to, v1::FromBroker frame, Body batch) override;

  const config::Model& config_;
  Ledger& ledger_;
  Journal& journal_;
  CommitLog& log_;
  Router& router_;
  Publishing& publishing_;
  Replies& replies_;

  std::map<std::string, ServiceIndex, std::less<>> by_name_;
  std::vector<std::unique_ptr<ServiceQueue>> queues_;  // by index; null where a temporary service ended
  std::vector<ServiceIndex> free_;
  std::map<InstanceId, Member> members_;
  std::map<InstanceId, Wishes> member_wishes_;
  Selections selections_;
  UnnamedPatterns unnamed_;
  std::multiset<std::string> forgetting_;  // the command is not committed
  std::size_t pattern_bytes_ = 0;          // of members and of services
  std::size_t ephemerals_ = 0;
  std::set<ServiceIndex> touched_;
  std::set<ServiceIndex> touched_own_;  // Reel's, whose judgements would come late
  Rounds rounds_;
  std::uint64_t frames_sent_ = 0;
  Offset recovered_end_;
};

}  // namespace reel::broker
