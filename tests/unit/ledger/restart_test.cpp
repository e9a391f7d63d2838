// Dispatch and ledger together: whatever happened and wherever the snapshot was cut, a restart leads to the
// state that was, and no event is handled twice or not at all.
#include <doctest/doctest.h>

#include <random>
#include <set>
#include <vector>

#include "ledger/ledger.h"

using namespace reel;
using namespace reel::broker;

namespace {

// A broker with one service: a journal of offsets and reports, a dispatch that is lost with each restart.
class OneService {
 public:
  explicit OneService(std::uint64_t seed) : random_{seed} {
    v1::SubscriptionChanged change;
    change.set_service("shop");
    change.add_patterns()->set_pattern("order.*");
    record("reel.subscription", change.SerializeAsString());
    start();
  }

  void step() {
    now_ += 1'000'000 * (1 + random_() % 5);
    switch (random_() % 8) {
      case 0:
      case 1: publish(); break;
      case 2: report(dispatch_->expire(now_)); break;
      case 3: leave(); break;
      default: answer(); break;
    }
    hand_over();
    ledger_.raise_floor("shop", floor());
  }
  void publish() {
    for (std::uint64_t count = random_() % 20; count > 0; --count) {
      end_ += 1 + random_() % 2;
      published_.insert(end_);
    }
    read_on();
  }
  void snapshot() {
    snapshot_.Clear();
    ledger_.save(snapshot_);
    snapshot_reports_ = journal_.size();
  }

  // From the snapshot and what was recorded since; "" where that is the state that was.
  std::string restart() {
    Ledger recovered;
    recovered.load(snapshot_);
    for (std::size_t i = snapshot_reports_; i < journal_.size(); ++i) {
      if (!recovered.apply({journal_[i].first, journal_[i].second})) return "a record cannot be read";
    }
    recovered.raise_floor("shop", floor());
    v1::Snapshot was;
    v1::Snapshot is;
    ledger_.save(was);
    recovered.save(is);
    if (was.SerializeAsString() != is.SerializeAsString()) return was.DebugString() + is.DebugString();
    ledger_ = std::move(recovered);
    start();
    return "";
  }

  std::string settle_everything() {
    for (int round = 0; round < 10'000 && (read_ < end_ || dispatch_->held() > 0); ++round) step();
    const ServiceRecord& record = *ledger_.find("shop");
    std::set<Offset> done = acked_;
    for (const auto& [offset, failure] : record.dead) {
      if (!done.insert(offset).second) return "acked and dead";
    }
    if (twice_) return "acked twice";
    return done == published_ ? "" : "something was lost";
  }

 private:
  static config::Service policy() {
    config::Service service;
    service.ack_timeout = config::milliseconds{40};
    service.retry = {.attempts = 3, .backoff = {config::milliseconds{5}}, .jitter = 0.5};
    return service;
  }

  void start() {
    dispatch_.emplace(policy(), 64, random_());
    handed_.clear();
    read_ = ledger_.find("shop")->floor;
    if (read_ > 0) --read_;
    read_on();
    hand_over();
  }
  // Offers what is not settled, with what is known of its failures.
  void read_on() {
    const ServiceRecord& record = *ledger_.find("shop");
    while (read_ < end_ && dispatch_->room() > 0) {
      ++read_;
      if (!published_.contains(read_) || record.is_settled(read_)) continue;
      Offer offer{.offset = read_, .key_hash = read_ % 7, .bytes = 1};
      if (const auto failed = record.retrying.find(read_); failed != record.retrying.end()) {
        offer.attempt = failed->second.attempt() + 1;
        offer.not_before = failed->second.retry_at();
        offer.first_failed_at = failed->second.first_failed_at();
      }
      dispatch_->offer({&offer, 1});
    }
  }
  Offset floor() const { return std::min(dispatch_->oldest().value_or(read_ + 1), read_ + 1); }

  void hand_over() {
    for (std::uint32_t id = 1; id <= 2; ++id) dispatch_->join(InstanceId{id}, 12, 1000);
    for (const HandOver& one : dispatch_->hand_over(now_, 100)) handed_.push_back(one);
  }
  void answer() {
    const InstanceId instance{static_cast<std::uint32_t>(1 + random_() % 2)};
    std::vector<AckRange> acks;
    std::vector<Nack> nacks;
    std::erase_if(handed_, [&](const HandOver& one) {
      if (one.instance != instance || random_() % 3 == 0) return false;
      if (random_() % 4 == 0) {
        nacks.push_back({.offset = one.offset, .delivery = one.delivery, .error = "Oops"});
      } else {
        acks.push_back({one.offset, 1, one.delivery});
      }
      return true;
    });
    report(dispatch_->settle(instance, acks, nacks, now_));
    read_on();
  }
  void leave() {
    report(dispatch_->leave(InstanceId{static_cast<std::uint32_t>(1 + random_() % 2)}, random_() % 4 == 0,
                            now_));
  }

  void report(const Settlement& settlement) {
    for (const auto& range : settlement.acked) {
      for (Offset i = 0; i < range.count(); ++i) twice_ |= !acked_.insert(range.first() + i).second;
    }
    if (const auto said = report_of("shop", "one", settlement))
      record("reel.delivery", said->SerializeAsString());
  }
  void record(const std::string& topic, const std::string& data) {
    journal_.emplace_back(topic, data);
    REQUIRE(ledger_.apply({topic, data}));
  }

  std::mt19937_64 random_;
  std::vector<std::pair<std::string, std::string>> journal_;  // the system's records
  v1::Snapshot snapshot_;
  std::size_t snapshot_reports_ = 0;
  std::set<Offset> published_;
  std::set<Offset> acked_;
  bool twice_ = false;
  Offset end_ = 0;
  Offset read_ = 0;  // offered or settled up to here
  LogTime now_ = 1'000'000'000;
  Ledger ledger_;
  std::optional<Dispatch> dispatch_;
  std::vector<HandOver> handed_;
};

}  // namespace

TEST_CASE("wherever the snapshot is cut, a restart leads to the state that was") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    OneService shop{seed};
    std::mt19937_64 random{seed};
    for (int step = 0; step < 200; ++step) {
      shop.step();
      if (random() % 25 == 0) shop.snapshot();
      if (random() % 20 == 0) REQUIRE(shop.restart() == "");
    }
    REQUIRE(shop.settle_everything() == "");
  }
}
