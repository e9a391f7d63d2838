// One connection to the bus: its socket, its session, the sides that use it, and a thread that keeps them.
//
// A side is what publishes or what consumes over the connection; what other threads put into it is fetched by
// take() after wake(). All of this is done in the connection's turn (turn.h), by the thread that keeps it or,
// while that sleeps or runs a handler, by the one that called wake(): this one sends what waits, and nothing
// else. So the user's callbacks, and whatever answers or deadlines lead to, come from the connection's thread
// alone.
//
// A side may ask that thread to do something for it between two turns. A second one stands by then, in case
// it takes long (watch.h): "the connection's thread" is the one that keeps it now.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "burst.h"
#include "identity.h"
#include "reel/options.h"
#include "session.h"
#include "turn.h"
#include "watch.h"

namespace reel::sdk {

/// Called in the connection's turn, by its thread but for take().
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
  /// Adds what the session has room for. Called while joined, by any thread that called wake(): of the
  /// user's code it may call nothing.
  virtual void take(std::vector<Frame>&) {}
  virtual void add_beat(v1::ClientBeat&) {}
  /// What step_aside_for() was called for. Not in the turn: it may take its time.
  virtual void run_aside() {}
  /// It takes its time, and the connection has another keeper. In the turn, as everything else.
  virtual void aside_for_long() {}
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

  /// Connects in the background, with so many threads: two where a side wants one to step aside.
  void start(unsigned crew = 1);
  /// Runs `job` on the connection's thread, soon; never, once the connection has ended.
  void post(std::function<void()> job);
  /// Some side has something for take(). Sends it from here where that can be done at once, and never waits.
  /// Not to be called under a lock that take() wants.
  void wake();
  /// Says goodbye and waits for the answer, at most `wait`. The sides are called no more afterwards; what
  /// runs aside is not waited for.
  void end(milliseconds wait = goodbye_wait);

  /// In the connection's turn only, or before start().
  void add_side(Side& side);
  void subscribe(v1::Subscribe subscribe);
  void give_up(const std::string& why);
  /// Has this thread call side.run_aside() when the turn is over.
  void step_aside_for(Side& side) { aside_ = &side; }
  [[nodiscard]] const std::string& broker() const { return session_.broker(); }

  [[nodiscard]] Log& log() { return log_; }

 private:
  class Socket;

  void keep();
  [[nodiscard]] bool step_aside();
  void take_over();
  void rouse();
  [[nodiscard]] bool send_here();
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
  Turn turn_;  // for what follows, up to the eventfd
  Session session_;
  std::vector<Side*> sides_;
  v1::Welcome welcome_;  // the session's, for sides that are added later
  std::unique_ptr<Socket> socket_;
  std::vector<Frame> frames_;  // scratch of send_waiting
  Burst burst_;
  bool hung_up_ = false;  // the monitor has something to say
  bool ended_ = false;
  Side* aside_ = nullptr;   // wants the keeper to step aside
  Side* served_ = nullptr;  // the last it did for
  bool loss_told_ = false;  // logged since a session last stood

  int wake_fd_ = -1;
  std::atomic<bool> woken_{false};
  std::mutex jobs_mutex_;
  std::vector<std::function<void()>> jobs_;
  Watch watch_;
  std::vector<std::thread> crew_;
};

}  // namespace reel::sdk
