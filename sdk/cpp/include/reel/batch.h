// Handling many events in one call: for work that costs less together, as one insert of a hundred rows does.
//
//   store.on_batch<shop::v1::OrderPlaced>("order.placed", {.max_size = 500, .max_wait = 1s},
//       [&](reel::Batch<shop::v1::OrderPlaced>& batch) {
//         const auto strangers = table.insert(batch);                // one round trip for all of them
//         for (auto& item : batch) {
//           if (strangers.contains(item->customer())) item.reject("no such customer");
//           else item.flow().publish("order.stored", stored(*item));  // with this item's ack, or not at all
//         }
//       });
//
// Each item is settled on its own. What failed is named by fail(), reject() and retry_after(); the others are
// acked when the handler returns, each together with what was published through its own flow().
//
// A handler that throws has not said whose fault it was. Then what it published and named in that call is
// forgotten, and it is called again with the first half and with the second, and so on until an item that
// makes it throw stands alone and gets the error: as from a handler of on(), a dead letter where that was a
// reel::Reject. So in one attempt an item is handed over at most 1 + ceil(log2(max_size)) times, 8 with the
// defaults; what a handler does outside the bus must bear that, as it must bear any repeat. What has failed
// in an attempt before is handed over first and apart from what has not, so that a poison is looked for once
// and not among others each time it comes. And when eight stood alone, failed, and no call has returned yet,
// it is no item's fault: what is left gets the last error without having been handed over again. That happens
// to an item in its first attempt only: from then on it stands alone before it fails.
//
// The order of a key holds. Consecutive events of one key may stand in one batch, in order. When one fails,
// those behind it under its key are handed back: no attempt is counted, what was published for them is
// dropped, and they come again behind it. A key is in one batch at a time, and never with a plain handler of
// the service meanwhile: what follows under it, for whichever handler, waits for the batch.
//
// What cannot be an item never reaches the handler and harms no other: an event that is not an E, or does not
// parse as one, is a dead letter by itself. A handler of on() may go on as it is: batch.each(handler).
//
// Each on_batch() has a thread of its own besides Options::workers and runs one batch at a time; the next one
// gathers meanwhile. A batch that hangs holds up its keys and its on_batch(), nothing else. At a stop what
// has gathered is handed over, if no batch is under way; else it goes back to the broker.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "reel/context.h"

namespace reel {

/// When a batch is handed over: as soon as one of these is reached.
struct BatchOptions {
  /// Items; 1 to 10,000. No more than a quarter of Options::credit_events, shared by all on_batch() of the
  /// service: what gathers and what is under way must leave room for others. 100 makes what is done once per
  /// batch a hundredth of its cost; more mostly makes a failure dearer.
  std::size_t max_size = 100;
  /// From when its first item was gathered; 0: whatever is there when the handler is free. No more than the
  /// broker's service_timeout (5 s), beyond which a service that settles nothing counts as stuck. It is not
  /// waited for where what came behind the batch, under its keys, has used up the same part of the credit; it
  /// is where the broker hands out less than a batch's worth, as max_in_flight and max_rate_per_s have it.
  std::chrono::milliseconds max_wait{200};
  /// Encoded events, of which the first may exceed it. 4 MiB is a quarter of Options::credit_bytes, which is
  /// the most it may be, shared as above.
  std::size_t max_bytes = 4u << 20;
  /// A handler that throws is called again with halves. false: everything it was called with gets the error,
  /// a reel::Reject included.
  bool bisect = true;
};

class BatchCall;

/// An event of a batch as bytes: flow().type() and flow().data(). Of use during the call it was made for.
class RawBatchItem {
 public:
  RawBatchItem(BatchCall& call, std::size_t index) : call_{&call}, index_{index} {}  // made by the SDK

  /// What the event is, and the way to publish what it leads to. Each item has its own, for one thread at a
  /// time; several threads may have several items.
  [[nodiscard]] Context& flow() const;
  /// Its place in the batch.
  [[nodiscard]] std::size_t index() const { return index_; }

  /// It failed, and is tried again by the service's backoff. Of several verdicts the last one counts.
  void fail(std::string_view why) const;
  /// It can never be handled: a dead letter at once.
  void reject(std::string_view why) const;
  /// It is tried again, but no sooner than `delay`.
  void retry_after(std::chrono::milliseconds delay, std::string_view why) const;
  /// One of these was said.
  [[nodiscard]] bool failed() const;
  /// Calls `handle`; what that throws is this item's failure, as from a handler of on(). Not where an event
  /// before it under its key has failed: it will come again. A key's items are for one thread, in order.
  void attempt(const std::function<void()>& handle) const;

 protected:
  [[nodiscard]] const google::protobuf::Message& message() const;

 private:
  BatchCall* call_;
  std::size_t index_;
};

/// An event of a batch: *item and item->field() are the E.
template <class E>
class BatchItem : public RawBatchItem {
 public:
  using RawBatchItem::RawBatchItem;
  [[nodiscard]] const E& event() const { return static_cast<const E&>(message()); }
  const E& operator*() const { return event(); }
  const E* operator->() const { return &event(); }
};

/// The items of one call, in the order of the log.
template <class Item>
class BasicBatch {
 public:
  explicit BasicBatch(BatchCall& call);  // made by the SDK
  BasicBatch(const BasicBatch&) = delete;
  BasicBatch& operator=(const BasicBatch&) = delete;

  /// At least one.
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] const Item& operator[](std::size_t index) const { return items_.at(index); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }

  /// As of the item there. Throw std::out_of_range where there is none, and so fail the call.
  void fail(std::size_t index, std::string_view why) const { items_.at(index).fail(why); }
  void reject(std::size_t index, std::string_view why) const { items_.at(index).reject(why); }
  void retry_after(std::size_t index, std::chrono::milliseconds delay, std::string_view why) const {
    items_.at(index).retry_after(delay, why);
  }

  /// For what is done one by one before or after what is done together: calls handler(item) for each in turn,
  /// or what on() and on_raw() take: handler(event, flow), handler(event), handler(flow). One that throws
  /// fails that item alone, and what follows it under its key is left out, as is what has failed already.
  template <class Handler>
  void each(Handler&& handler) const {
    for (const auto& item : items_) {
      item.attempt([&] {
        if constexpr (std::invocable<Handler&, const Item&>) {
          handler(item);
        } else if constexpr (requires { handler(*item, item.flow()); }) {
          handler(*item, item.flow());
        } else if constexpr (requires { handler(*item); }) {
          handler(*item);
        } else {
          handler(item.flow());
        }
      });
    }
  }

  /// For handlers that may take longer than the service's ack_timeout: call it now and then, and the time
  /// begins anew for the whole batch. flow().in_progress() of any item does the same.
  void in_progress() const;

 private:
  BatchCall* call_;
  std::vector<Item> items_;
};

using RawBatch = BasicBatch<RawBatchItem>;
template <class E>
using Batch = BasicBatch<BatchItem<E>>;

/// One call of a batch handler, behind the above; made by the SDK.
class BatchCall {
 public:
  enum class Verdict : std::uint8_t { fail, reject, retry_after };
  virtual ~BatchCall() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual Context& flow(std::size_t index) = 0;
  [[nodiscard]] virtual const google::protobuf::Message& message(std::size_t index) const = 0;
  virtual void judge(std::size_t index, Verdict verdict, std::string_view why,
                     std::chrono::milliseconds delay = {}) = 0;
  [[nodiscard]] virtual bool failed(std::size_t index) const = 0;
  virtual void attempt(std::size_t index, const std::function<void()>& handle) = 0;
  virtual void in_progress() = 0;
};

template <class Item>
BasicBatch<Item>::BasicBatch(BatchCall& call) : call_{&call} {
  items_.reserve(call.size());
  for (std::size_t index = 0; index < call.size(); ++index) items_.emplace_back(call, index);
}

template <class Item>
void BasicBatch<Item>::in_progress() const {
  call_->in_progress();
}

}  // namespace reel
