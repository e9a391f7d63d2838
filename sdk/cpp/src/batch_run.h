// Handing one batch to its handler: in one call, or by halves until what makes it throw stands alone; and
// what each item's end is. Knows nothing of brokers and threads: used by Batches and, without either, by
// TestBus.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "handling.h"

namespace reel::sdk {

class BatchRun {
 public:
  /// When so many stood alone, failed without being rejected, and no call has returned yet, it is no item's
  /// fault: a database that is away would be asked twice for each item otherwise. Eight poisons that come
  /// first of all happen once in 256 batches even where every other event is one. Not among what has failed
  /// before, where poisons are what stands together: an innocent one would become a dead letter unseen.
  static constexpr std::size_t hopeless_after = 8;

  /// How items end. Those of which neither is said are handed back: what was before them under their key
  /// failed, or they are not wanted any more.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Whether it may still be handed over; asked before each call.
    virtual bool still_wanted(std::size_t item) = 0;
    /// Its handler returned. Its context has what was published.
    virtual void done(std::size_t item) = 0;
    /// All is still being worked at.
    virtual void in_progress() = 0;
  };
  struct Failure {
    std::size_t item = 0;
    Failed failed;
  };

  BatchRun(const BatchHandler& handler, Owner& owner) : handler_{handler}, owner_{owner} {}

  /// The next item, from 0. `context` has begun with its event and is limited by together().
  void add(Context::Impl& context, std::uint64_t key_hash);
  /// One that the handler never sees.
  void add_unfit(std::uint64_t key_hash, Failed failed);
  /// For the contexts' EmitLimits.
  [[nodiscard]] std::atomic<std::size_t>& together() { return together_; }

  /// Calls the handler as often as it takes. What failed, at most one item of each key, in their order.
  [[nodiscard]] std::vector<Failure> run();
  [[nodiscard]] std::size_t calls() const { return calls_; }

 private:
  class Call;
  struct Item {
    Context::Impl* context = nullptr;
    std::uint64_t key_hash = 0;
    std::unique_ptr<google::protobuf::Message> event;
    bool fit = true;
  };
  [[nodiscard]] std::pair<std::vector<std::size_t>, std::vector<std::size_t>> parts() const;
  void call(std::span<const std::size_t> items);
  [[nodiscard]] std::vector<std::size_t> wanted_of(std::span<const std::size_t> items);
  void returned(Call& call);
  void failed(std::span<const std::size_t> items, const Failed& failed);
  [[nodiscard]] bool is_held_up(std::size_t item) const;
  void hold_up(std::size_t item, Failed failed);

  const BatchHandler& handler_;
  Owner& owner_;
  std::deque<Item> items_;
  std::map<std::uint64_t, Failure> held_up_;  // by key: what failed first
  std::atomic<std::size_t> together_{0};
  std::size_t calls_ = 0;
  std::size_t failed_alone_ = 0;
  Failed last_alone_;
  bool any_returned_ = false;
  bool may_give_up_ = false;
};

}  // namespace reel::sdk
