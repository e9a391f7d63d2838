// A bus that is measured: how its server is started, and how its best client sends and receives.
//
// One object is made in each process of a run and used for that process's part. What a bus can do that others
// cannot is left out; what makes it fast is not: each peer has the settings that its makers recommend for
// this.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "figures.h"
#include "process.h"
#include "task.h"

namespace reel::bench {

/// Takes the payload of each event that arrives.
using Sink = std::function<void(std::string_view payload)>;

class Sender {
 public:
  virtual ~Sender() = default;
  /// Hands the event to the bus, or waits for room. `key` is one of the sender's.
  virtual void send(std::string_view payload, std::uint64_t key) = 0;
  /// Waits until everything sent is out of this process, and accepted where the bus says so.
  virtual void flush() = 0;
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Receives until the process is killed. Acks what the sink has returned from, where the guarantee says so.
  virtual void receive(const Sink& sink) = 0;
};

/// The server's processes by their part: "broker", "tracker".
using Servers = std::map<std::string, std::unique_ptr<test::Process>>;

class Peer {
 public:
  virtual ~Peer() = default;

  /// What has to be installed first; empty where nothing has.
  [[nodiscard]] virtual std::string missing() const { return {}; }

  /// In the harness: starts the server in task.dir, waits until it answers, and says in `task` where.
  [[nodiscard]] virtual Servers start(Task& task) = 0;
  /// Starts it again as it was, after its processes were killed, and waits until it answers.
  [[nodiscard]] virtual Servers restart(const Task&) { throw std::logic_error{"this peer is not restarted"}; }
  /// Whether every receiver is subscribed, as far as the server can tell.
  [[nodiscard]] virtual bool joined(const Task&) { return true; }
  /// Whether the server has dealt with the ack of every event.
  [[nodiscard]] virtual bool settled(const Task&) { return true; }

  /// Once everything is settled: waits for what follows, and says what else was measured. Throws where the
  /// bus got something wrong.
  [[nodiscard]] virtual Figures aftermath(const Task&) { return {}; }

  [[nodiscard]] virtual std::unique_ptr<Sender> sender(const Task& task, std::uint32_t number) = 0;
  [[nodiscard]] virtual std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t number) = 0;
};

/// The names that make_peer knows in this build.
[[nodiscard]] std::vector<std::string> peer_names();
/// Throws std::invalid_argument where there is none of that name.
[[nodiscard]] std::unique_ptr<Peer> make_peer(std::string_view name);

/// Where a server of this run may listen: in its folder, or on a port of the loopback that is free just now.
[[nodiscard]] std::string free_endpoint(const Task& task, const std::string& name);
[[nodiscard]] int free_port();
/// Whether somebody listens there.
[[nodiscard]] bool answers(int port);
/// The port of "127.0.0.1:4222" or "tcp://127.0.0.1:4222".
[[nodiscard]] int port_of(std::string_view endpoint);
/// Whether a program of that name is in PATH or in /usr/sbin.
[[nodiscard]] std::string program_in_path(const std::string& name);

}  // namespace reel::bench
