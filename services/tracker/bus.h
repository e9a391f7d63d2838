// The bus as the tracker sees it: its inbox is a durable subscription to everything, its outlet a publisher
// of verdicts. The only files here that know the SDK.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reel/publisher.h"
#include "reel/query.h"
#include "reel/stream.h"
#include "tracker/event_contents.h"
#include "tracker/inbox.h"
#include "tracker/inquiries.h"

namespace reel::tracker {

/// `brokers` empty: REEL_BROKER or the default.
class BusInbox final : public Inbox {
 public:
  /// `instance` names this tracker's store: a tracker that goes on with the same store takes over at once
  /// what the one before it held, before anything newer comes.
  BusInbox(const std::vector<std::string>& brokers, const std::string& instance, SchemaSet schemas);
  ~BusInbox() override;

  void begin(const std::vector<std::string>& content_topics) override;
  void begin_again(const std::vector<std::string>& content_topics, SchemaSet schemas) override;
  [[nodiscard]] Delivery next(std::chrono::milliseconds wait) override;
  void mark() override { marked_ = batch_.number; }
  void acknowledge() override { safe_ = marked_; }

 private:
  StreamOptions options_;
  std::set<std::string, std::less<>> content_topics_;
  SchemaSet schemas_;
  std::optional<EventContents> contents_;  // read by them
  std::optional<Stream> stream_;
  StreamBatch batch_;  // the views handed out last point into it
  // Numbers of batches: what a checkpoint that began holds, what is safe, what of that is acknowledged.
  std::uint64_t marked_ = 0;
  std::uint64_t safe_ = 0;
  std::uint64_t acknowledged_ = 0;
};

class BusOutlet final : public Outlet {
 public:
  explicit BusOutlet(const std::vector<std::string>& brokers);

  void send(std::uint64_t number, const stored::Outgoing& event) override;
  [[nodiscard]] std::vector<Answer> take_answers(std::chrono::milliseconds wait) override;

 private:
  void answered(std::uint64_t number, const PublishResult& result);
  void release_held();

  // Answers come on the connection's thread.
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Answer> answers_;
  struct Held {
    std::chrono::steady_clock::time_point until;
    Answer answer;
  };
  std::deque<Held>
      held_;  // the broker could not keep these: passed on a while later, or it would be asked at once
  Publisher publisher_;  // last: it ends, with its callbacks, before the above
};

/// Questions to the first of the brokers.
class BusLine final : public BrokerLine {
 public:
  explicit BusLine(const std::vector<std::string>& brokers)
      : client_{brokers.empty() ? default_brokers().front() : brokers.front()} {}

  std::uint64_t post(v1::Request request) override { return client_.post(std::move(request)); }
  [[nodiscard]] std::optional<v1::Reply> poll() override { return client_.poll(); }

 private:
  QueryClient client_;
};

}  // namespace reel::tracker
