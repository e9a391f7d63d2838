// The dialogue with the broker, without sockets, threads or clocks: HELLO until WELCOME, SUBSCRIBE, beats,
// noticing that the broker is gone or new, finding another one, GOODBYE.
//
// Fed with frames and the time, it calls its owner with what follows. A session that is lost is never mended:
// its connection is dropped with everything still queued in it, and another one begins with HELLO on a new
// connection. So no frame of an old session is ever taken for one of the new.
//
// Which broker comes next: the same one after a session that stood for a while (it probably restarts),
// otherwise the next of the list; after each round through the list a wait, doubled up to a limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "frame.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

inline constexpr std::uint32_t protocol_version = 1;

struct SessionSettings {
  v1::Hello hello;
  std::vector<std::string> brokers;
  milliseconds connect_timeout{3'000};
  milliseconds reconnect_wait_min{100};
  milliseconds reconnect_wait_max{2'000};
  std::uint64_t jitter_seed = 1;
};

/// What the session asks of its owner and tells it. Called from within the session's own methods.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  /// Opens a new connection; the one before, and what it still holds, is dropped.
  virtual void connect(const std::string& endpoint) = 0;
  virtual void disconnect() = 0;
  virtual void send(Frame frame) = 0;
  [[nodiscard]] virtual v1::ClientBeat beat_now() = 0;
  /// The last word on the subscription just before it is sent: where it begins may have moved.
  virtual void before_subscribe(v1::Subscribe& subscribe) = 0;

  virtual void welcomed(const v1::Welcome& welcome) = 0;
  virtual void subscribed(const v1::Subscribed& subscribed) = 0;
  virtual void accepted(const v1::Accepted& accepted) = 0;
  virtual void delivered(const v1::Deliver& deliver, Body body) = 0;
  virtual void settled(const v1::Settled& settled) = 0;
  virtual void taken_back(const v1::TakenBack& taken) = 0;
  virtual void beaten(const v1::BrokerBeat& beat) = 0;
  /// Sessions, credit and unsettled deliveries are gone; the session goes on trying.
  virtual void lost(const std::string& why) = 0;
  /// There is no room for the subscription now; it is tried again after `wait`.
  virtual void put_off(const std::string& why, milliseconds wait) = 0;
  /// The broker will not have us, and trying again would not help.
  virtual void refused(v1::RefusedReason reason, const std::string& text) = 0;
  /// GOODBYE was answered, or nobody was there to answer.
  virtual void left() = 0;
};

class Session {
 public:
  enum class State : std::uint8_t {
    idle,     ///< start() was not called
    waiting,  ///< between two attempts
    calling,  ///< HELLO is out
    joined,   ///< WELCOME came
    leaving,  ///< GOODBYE is out
    left,
    refused,
  };

  Session(SessionSettings settings, SessionOwner& owner);

  void start(Time now);
  /// Subscribes now, and again in every later session.
  void subscribe(v1::Subscribe subscribe, Time now);
  /// Sends GOODBYE and waits for the answer, at most `wait`.
  void leave(Time now, milliseconds wait);

  void on_frame(std::string_view header, Body body, Time now);
  /// To be called when next_deadline() has come; sooner does no harm.
  void on_time(Time now);
  /// The owner found that the session is no good.
  void give_up(const std::string& why, Time now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool joined() const { return state_ == State::joined; }
  [[nodiscard]] Time next_deadline() const;
  [[nodiscard]] const std::string& broker() const { return settings_.brokers[broker_]; }

 private:
  void call(Time now);
  void attempt_failed(Time now);
  void send_subscribe();
  void put_off_subscribe(const std::string& why, Time now);
  [[nodiscard]] milliseconds jittered(milliseconds wait);
  void on_welcome(const v1::Welcome& welcome, Time now);
  void on_refused(const v1::Refused& refused, Time now);
  void on_beat(const v1::BrokerBeat& beat, Time now);
  void end(State state);

  SessionSettings settings_;
  SessionOwner& owner_;
  std::optional<v1::Subscribe> subscribe_;
  State state_ = State::idle;

  std::size_t broker_ = 0;    // index of the one in use
  std::size_t attempts_ = 0;  // since a session last stood
  std::mt19937_64 jitter_;
  Time deadline_{};  // of waiting, calling and leaving

  bool subscribed_ = false;
  std::size_t put_offs_ = 0;  // of the subscription, one after the other
  Time subscribe_again_ = Time::max();
  std::uint64_t epoch_ = 0;
  milliseconds beat_interval_{1'000};
  milliseconds silence_max_{5'000};
  Time joined_at_{};
  Time last_heard_{};
  Time next_beat_{};
};

}  // namespace reel::sdk
