// A broker of one screen for the SDK's tests over real sockets: journal in memory, one subscription per
// service, no limits, and no clock: what is to be handed over later stays on reel.delayed. It can be struck
// dumb and started again, as brokers can.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "reel/options.h"
#include "reel/v1/wire.pb.h"

class FakeBroker {
 public:
  FakeBroker();
  ~FakeBroker();

  /// Options of a client that knows this broker and says nothing.
  [[nodiscard]] reel::Options options() const;

  /// Hears everything, answers nothing.
  void strike_dumb(bool dumb);
  /// Sessions are forgotten, journal and progress are not.
  void restart();
  /// Refuses the next HELLO or SUBSCRIBE with this.
  void refuse_next(reel::v1::RefusedReason reason, const std::string& text);

  /// Ids on `topic`, in journal order.
  std::vector<std::string> journal(const std::string& topic);
  /// Offsets `service` has acked.
  std::set<std::uint64_t> acked(const std::string& service);
  std::vector<reel::v1::Settle::Nack> nacks();
  int goodbyes();
  /// Events handed over, again included.
  std::uint32_t deliveries();
  /// SETTLEs that came while it was dumb.
  int unheard_settles();
  /// What somebody of `service` said last: "database! connection refused, disk".
  std::string checks(const std::string& service);
  bool wait_until(const std::function<bool()>& condition);

 private:
  struct Entry {
    std::string source, topic, type, bytes, id, key;
  };
  struct Session {
    std::string service;
    reel::v1::Subscribe subscribe;
    bool subscribed = false;
    std::uint64_t settled = 0;
    std::map<std::uint64_t, std::uint32_t> held;  // offset -> delivery
  };

  void run();
  void handle(const std::string& peer, const reel::v1::ToBroker& message, const std::string& body);
  void publish(const std::string& peer, const reel::v1::Publish& publish, const std::string& body);
  void settle(const std::string& peer, const reel::v1::Settle& settle, const std::string& body);
  void append(const std::string& body);
  void deliver();
  void send(const std::string& peer, const reel::v1::FromBroker& message, const std::string& body = {});

  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  std::string endpoint_;
  std::atomic<bool> ending_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool dumb_ = false;
  std::uint64_t epoch_ = 1;
  std::map<std::string, Session> sessions_;
  std::vector<Entry> journal_;  // offset is the index plus 1
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> first_offsets_;
  std::map<std::string, std::set<std::uint64_t>> acked_;
  std::map<std::uint64_t, std::uint32_t> attempts_;
  int unheard_settles_ = 0;
  std::vector<reel::v1::Settle::Nack> nacks_;
  reel::v1::Refused refuse_next_;
  int goodbyes_ = 0;
  std::map<std::string, reel::v1::SelfChecks> checks_;
  std::thread thread_;
};
