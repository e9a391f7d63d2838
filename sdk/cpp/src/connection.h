// One connection to the bus: a thread that owns the socket and the session, and the sides that use it.
//
// A side is what publishes or what consumes over the connection. Sides are called on the connection's thread
// only; whatever other threads put into them is fetched by take() after wake(). So the socket, the session
// and its times have one owner and no lock.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "identity.h"
#include "reel/options.h"
#include "session.h"

namespace reel::sdk {

class Side {
 public:
  virtual ~Side() = default;
  virtual void before_subscribe(v1::Subscribe&) {}
  virtual void welcomed(const v1::Welcome&) {}
  virtual void subscribed(const v1::Subscribed&) {}
  virtual void accepted(const v1::Accepted&) {}
  virtual void delivered(const v1::Deliver&, Body) {}
  virtual void settled(const v1::Settled&) {}
  virtual void taken_back(const v1::TakenBack&) {}
  virtual void beaten(const v1::BrokerBeat&) {}
  virtual void lost(const std::string& /*why*/) {}
  virtual void refused(v1::RefusedReason, const std::string& /*text*/) {}
  /// The connection has ended for good.
  virtual void closed() {}
  /// Adds what the session has room for. Called while joined.
  virtual void take(std::vector<Frame>&) {}
  virtual void add_beat(v1::ClientBeat&) {}
};

/// One line at a time to the user's sink.
class Log {
 public:
  explicit Log(LogSink sink) : sink_{std::move(sink)} {}
  void operator()(LogLevel level, std::string_view line);

 private:
  std::mutex mutex_;
  LogSink sink_;
};

class Connection final : private SessionOwner {
 public:
  /// What end() waits for the broker's answer: a broker that is there answers at once.
  static constexpr milliseconds goodbye_wait{1'000};

  Connection(const Identity& identity, const Options& options);
  /// Ends at once where end() was not called.
  ~Connection() override;

  /// Connects in the background.
  void start();
  /// Runs `job` on the connection's thread, soon; never, once the connection has ended.
  void post(std::function<void()> job);
  /// Some side has something for take().
  void wake();
  /// Says goodbye and waits for the answer, at most `wait`. The sides are called no more afterwards.
  void end(milliseconds wait = goodbye_wait);

  /// On the connection's thread only, or before start().
  void add_side(Side& side);
  void subscribe(v1::Subscribe subscribe);
  void give_up(const std::string& why);
  [[nodiscard]] const std::string& broker() const { return session_.broker(); }

  [[nodiscard]] Log& log() { return log_; }

 private:
  class Socket;

  void run();
  void wait();
  void receive();
  void run_jobs();
  void send_waiting();

  void connect(const std::string& endpoint) override;
  void disconnect() override;
  void send(Frame frame) override;
  v1::ClientBeat beat_now() override;
  void before_subscribe(v1::Subscribe& subscribe) override;
  void welcomed(const v1::Welcome& welcome) override;
  void subscribed(const v1::Subscribed& subscribed) override;
  void accepted(const v1::Accepted& accepted) override;
  void delivered(const v1::Deliver& deliver, Body body) override;
  void settled(const v1::Settled& settled) override;
  void taken_back(const v1::TakenBack& taken) override;
  void beaten(const v1::BrokerBeat& beat) override;
  void lost(const std::string& why) override;
  void put_off(const std::string& why, milliseconds wait) override;
  void refused(v1::RefusedReason reason, const std::string& text) override;
  void left() override;

  Log log_;
  Session session_;
  std::vector<Side*> sides_;
  v1::Welcome welcome_;  // the session's, for sides that are added later
  std::unique_ptr<Socket> socket_;
  std::vector<Frame> frames_;  // scratch of send_waiting
  bool hung_up_ = false;       // the monitor has something to say
  bool ended_ = false;
  bool loss_told_ = false;  // logged since a session last stood

  int wake_fd_ = -1;
  std::atomic<bool> woken_{false};
  std::mutex jobs_mutex_;
  std::vector<std::function<void()>> jobs_;
  std::thread thread_;
};

}  // namespace reel::sdk
