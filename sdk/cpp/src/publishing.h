// The publishing side of a connection, and what stands behind reel::Publisher: one that goes to a broker, or
// the recorder of a TestBus.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "connection.h"
#include "encoded_event.h"
#include "publish_window.h"
#include "reel/publisher.h"
#include "spooling.h"

namespace reel {

class Publisher::Impl {
 public:
  virtual ~Impl() = default;
  virtual PublishResult publish(const Outgoing& event) = 0;
  virtual bool publish_async(const Outgoing& event, PublishCallback callback) = 0;
  [[nodiscard]] virtual bool wait_for_room(std::chrono::milliseconds timeout) = 0;
  virtual std::size_t flush(std::chrono::milliseconds timeout) = 0;
  [[nodiscard]] virtual PublisherCounts counts() const = 0;
};

namespace sdk {

class Publishing final : public Publisher::Impl, public Side {
 public:
  /// Uses a connection it shares (a service's), or owns as the only one who knows it.
  Publishing(std::shared_ptr<Connection> connection, Identity identity, const Options& options);
  ~Publishing() override;

  PublishResult publish(const Outgoing& event) override;
  bool publish_async(const Outgoing& event, PublishCallback callback) override;
  bool wait_for_room(std::chrono::milliseconds timeout) override;
  std::size_t flush(std::chrono::milliseconds timeout) override;
  PublisherCounts counts() const override;

  /// As flush(), for the end: what is on disk does not wait there for somebody to answer.
  void drain(std::chrono::milliseconds timeout);
  /// The connection shall end with this publisher.
  void own_connection(std::chrono::milliseconds drain_timeout);

 private:
  enum class Link : std::uint8_t { connecting, joined, refused, closed };

  void welcomed(const v1::Welcome& welcome) override;
  void accepted(const v1::Accepted& accepted) override;
  void lost(const std::string& why) override;
  void refused(v1::RefusedReason reason, const std::string& text) override;
  void closed() override;
  void take(std::vector<Frame>& frames) override;
  void add_beat(v1::ClientBeat& beat) override;

  [[nodiscard]] RunHead head_of(const Outgoing& event, const EncodedEvent& encoded) const;
  [[nodiscard]] bool is_over() const { return link_ == Link::refused || link_ == Link::closed; }
  [[nodiscard]] bool must_spool() const;
  /// Where it is not queued, `known` is what became of it.
  [[nodiscard]] PublishWindow::Appended queue(const Outgoing& event, const EncodedEvent& encoded,
                                              PublishCallback& callback, PublishResult& known);
  [[nodiscard]] PublishResult spool(const Outgoing& event, const EncodedEvent& encoded);
  void sync_spool();
  void tell_notes();
  void spooled_answered(std::size_t index, const PublishResult& result);
  [[nodiscard]] std::uint64_t unanswered() const;
  [[nodiscard]] PublishResult not_connected(const EncodedEvent& event) const;
  [[nodiscard]] PublishResult too_large(const EncodedEvent& event);
  [[nodiscard]] PublishResult back_pressured(const EncodedEvent& event);
  [[nodiscard]] PublishWindow::Appended append(const Outgoing& event, const EncodedEvent& encoded,
                                               PublishCallback& callback);

  const std::shared_ptr<Connection> connection_;
  const Identity identity_;
  const std::chrono::milliseconds publish_timeout_;
  const std::string brokers_;  // for messages
  std::optional<std::chrono::milliseconds> owned_drain_timeout_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  PublishWindow window_;
  std::unique_ptr<Spooling> spooling_;                   // none without a spool
  bool waited_ = false;                                  // for the first broker to answer
  std::vector<std::pair<LogLevel, std::string>> notes_;  // for the log
  Link link_ = Link::connecting;
  std::string refusal_;
};

/// Runs the callbacks, outside of any lock.
void complete(std::vector<Completion>& completions);

}  // namespace sdk
}  // namespace reel
