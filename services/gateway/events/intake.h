// Events on their way from a request to the bus and back: each is offered at once, none waits for another,
// and the request is answered when the last of them is.
//
//   auto intake = std::make_shared<Intake>(binding.read(request));
//   intake->offer(publisher, [intake, exchange] { exchange->answer(intake->answer()); });
//
// The publisher calls back on its own thread; answers may come in any order and after the request was given
// up.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/events/cloud_events_http.h"
#include "gateway/http/message.h"
#include "reel/publisher.h"

namespace reel::gateway {

/// What became of one event of a request.
struct EntryResult {
  std::optional<EventFault> fault;  ///< it was not offered
  std::optional<PublishResult> result;
};

/// The answer to a request of one event, and to a batch: 202 or 200 where all were taken, or else 207 with a
/// status for each.
[[nodiscard]] HttpResponse answer_of(const EntryResult& result);
[[nodiscard]] HttpResponse answer_of(const std::vector<EntryResult>& results);
/// Of a request that was refused as a whole.
[[nodiscard]] HttpResponse answer_of(const EventFault& fault);

class Intake : public std::enable_shared_from_this<Intake> {
 public:
  using Done = std::function<void()>;

  /// Where events are offered: Publisher::publish_async, or a test.
  using Offer = std::function<void(const Outgoing&, PublishCallback)>;

  explicit Intake(ReadRequest read);
  /// Offers what was read. `done` is called once, when the last outcome is known: perhaps before this
  /// returns.
  void offer(const Offer& to, Done done);

  /// The answer as things stand: what is not known yet is `unconfirmed`.
  [[nodiscard]] HttpResponse answer() const;
  /// The first event's, where it was taken. Its correlationid is empty where its flow is not known.
  [[nodiscard]] std::optional<PublishResult> taken() const;

 private:
  void settle(std::size_t entry, const PublishResult& result);

  const ReadRequest read_;
  mutable std::mutex mutex_;
  std::vector<EntryResult> results_;
  std::size_t open_ = 0;
  Done done_;
};

}  // namespace reel::gateway
