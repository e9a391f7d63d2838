// A broker and a tracker of cardboard: a ROUTER that answers questions, accepts what is published and
// delivers what it was given, so that the whole `reel` command can be run against it.
//
//   FakeBus bus;
//   bus.answers([](const v1::Request& ask, v1::Reply& tell) { … });
//   bus.delivers("order.placed", "order-7", "payload");
//   const Ran ran = bus.reel({"topics"});
//   CHECK(ran.out == "…");
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "event/batch.h"
#include "reel/v1/wire.pb.h"

/// The time at which these scripts take place.
inline constexpr std::uint64_t second = 1'000'000'000;
inline constexpr std::uint64_t start = 1'772'359'331 * second;  // 2026-03-01T10:02:11Z

/// How a run of the command ended.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

class FakeBus {
 public:
  using Answer = std::function<void(const reel::v1::Request&, reel::v1::Reply&)>;

  FakeBus();
  ~FakeBus();

  /// Beyond the schemas, which are always answered: order.placed and price.tick.
  void answers(Answer answer) { answer_ = std::move(answer); }
  /// Another event for whoever subscribes; offsets count from 1. Call before reel().
  void delivers(const std::string& topic, const std::string& correlationid, const std::string& definition);

  /// Runs the built command against this bus and waits for its end.
  [[nodiscard]] Ran reel(std::vector<std::string> arguments, const std::string& input = "") const;

  /// What was published, as "topic correlationid definition" a line. Call when nothing runs.
  [[nodiscard]] const std::string& published() const { return published_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

 private:
  void serve();
  void handle(const zmq::message_t& peer, const zmq::message_t& head, const zmq::message_t& body);
  void send(const zmq::message_t& peer, const reel::v1::FromBroker& frame, const std::string& batch = "");
  [[nodiscard]] reel::v1::FromBroker accept(const reel::v1::Publish& publish, const std::string& batch);
  void deliver(const zmq::message_t& peer);

  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  std::string endpoint_;
  Answer answer_;
  reel::BatchWriter events_;
  std::string batch_;
  std::uint32_t event_count_ = 0;
  std::string published_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Runs a program and waits for its end; `input` must fit a pipe.
[[nodiscard]] Ran run_command(const std::string& program, std::vector<std::string> arguments,
                              const std::string& input);
/// Runs the built command with exactly these arguments.
[[nodiscard]] Ran run_reel_command(std::vector<std::string> arguments, const std::string& input = "");
