// One service of a broker without sockets, threads and disk: a journal in memory, the service's queue, the
// ledger that follows its reports, and instances that take what they are sent.
//
//   OneService shop{policy, seed};
//   shop.publishes(3, "a"); shop.joins(1); shop.turns();
//   for (const auto& handed : shop.handed(1)) …        // what instance 1 holds, in the order it came
//   shop.acks(1, handed); shop.restarts();
//
// Every step appends what the broker would, so that a restart can come from what the journal says alone.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/redeliveries.h"
#include "service/service_queue.h"

namespace reel::broker::test {

/// A delivery as its instance sees it.
struct Handed {
  Offset offset = 0;  ///< by which it is settled
  Offset origin = 0;  ///< where the event stands
  std::uint32_t delivery = 0;
  std::uint32_t attempt = 0;
  std::string key;
  v1::Redelivery redelivery = v1::REDELIVERY_NONE;
};

class OneService final : private DeliveryEdge {
 public:
  OneService(const config::Service& policy, std::uint64_t seed, std::size_t parked_events_max = 1'000'000);

  Offset publishes(const std::string& key);
  void joins(int instance, std::uint32_t credit_events);
  /// One that tells what it has begun.
  void joins_telling(int instance, std::uint32_t credit_events);
  void tells(int instance, const Begun& said) { queue_->told(id(instance), said, now_); }
  void leaves(int instance, bool lost);
  /// The queue's turn; what is handed out comes to handed().
  void turns();
  void acks(int instance, const Handed& handed);
  void nacks(int instance, const Handed& handed, bool reject);
  void expires();
  void pauses(LogTime until);
  void redrives(const std::vector<Offset>& origins);
  void discards(const std::vector<Offset>& origins);
  void gives_up(Offset offset);
  void retries_now(Offset offset);
  void snapshots();
  /// The broker is killed and started again: instances are gone.
  void restarts();

  [[nodiscard]] std::deque<Handed>& handed(int instance) { return inboxes_[instance]; }
  [[nodiscard]] const ServiceRecord& record() const { return *ledger_->find(name); }
  [[nodiscard]] const std::map<int, std::deque<Handed>>& instances() const { return inboxes_; }
  [[nodiscard]] const ServiceQueue& queue() const { return *queue_; }
  [[nodiscard]] LogTime now() const { return now_; }
  void advance(LogTime by) { now_ += by; }
  /// So many of the newest events are in memory; the others are read, and come a turn later.
  void keeps_in_memory(Offset events) { in_memory_ = events; }

 private:
  static constexpr const char* name = "shop";

  // DeliveryEdge
  StoredBatchPtr recent(Offset offset) const override;
  Offset committed_end() const override { return end_; }
  bool wants(ServiceIndex, std::string_view topic) override;
  bool is_choosy(ServiceIndex, std::string_view) override { return false; }
  std::optional<Selections::Picked> picked(ServiceIndex, const StoredBatch&, std::uint32_t,
                                           std::size_t&) override {
    return std::nullopt;
  }
  bool wants_event(ServiceIndex, const StoredRun&, const StoredEvent&, Offset) override { return true; }
  void read(ServiceIndex, Reading reading, Offset from) override { reads_.emplace_back(reading, from); }
  void deliver(InstanceId to, v1::FromBroker frame, Body batch) override;

  void start();
  Offset append(std::string batch);
  void report(const Settlement& settlement);
  void command(const v1::Command& command, std::string consequences);
  void rounds();
  void find(std::uint64_t key_hash, const ParkedKeys::Left& left);
  [[nodiscard]] std::vector<EventAt> events_at(const std::vector<Offset>& origins) const;
  [[nodiscard]] static InstanceId id(int instance) {
    return InstanceId{static_cast<std::uint32_t>(instance)};
  }

  config::Service policy_;
  std::uint64_t seed_;
  std::size_t parked_events_max_;
  std::vector<StoredBatchPtr> journal_;
  Offset end_ = 1;
  Offset in_memory_ = ~Offset{0};
  LogTime now_ = 1'000'000'000;
  v1::Snapshot snapshot_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ServiceQueue> queue_;
  std::map<int, std::deque<Handed>> inboxes_;
  std::vector<std::pair<Reading, Offset>> reads_;
};

}  // namespace reel::broker::test
