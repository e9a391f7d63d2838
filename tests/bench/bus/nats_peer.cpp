// NATS core: at most once. The server's limits for slow readers are lifted, so that it holds the sender up
// instead of dropping them.
#include "nats_connection.h"
#include "peers.h"

#include <unistd.h>

namespace reel::bench {
namespace {

constexpr int flush_limit_ms = 60'000;

class NatsSender : public Sender {
 public:
  explicit NatsSender(const Task& task) : connection_{connect_nats(task)} {}

  void send(std::string_view payload, std::uint64_t) override {
    must(natsConnection_Publish(connection_.get(), "bench.tick", payload.data(),
                                static_cast<int>(payload.size())),
         "nats publish");
  }
  void flush() override {
    must(natsConnection_FlushTimeout(connection_.get(), flush_limit_ms), "nats flush");
  }

 private:
  NatsConnection connection_;
};

class NatsReceiver : public Receiver {
 public:
  explicit NatsReceiver(const Task& task) : connection_{connect_nats(task)} {}

  void receive(const Sink& sink) override {
    natsSubscription* subscription = nullptr;
    must(natsConnection_Subscribe(&subscription, connection_.get(), "bench.tick", on_message,
                                  const_cast<Sink*>(&sink)),
         "nats subscribe");
    must(natsSubscription_SetPendingLimits(subscription, -1, -1), "nats limits");
    ::pause();
  }

 private:
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* sink) {
    (*static_cast<const Sink*>(sink))(
        {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
    natsMsg_Destroy(message);
  }

  NatsConnection connection_;
};

class NatsPeer : public Peer {
 public:
  std::string missing() const override { return missing_nats(); }
  Servers start(Task& task) override {
    Servers servers;
    servers["broker"] = start_nats(task, "");
    return servers;
  }
  std::unique_ptr<Sender> sender(const Task& task, std::uint32_t) override {
    return std::make_unique<NatsSender>(task);
  }
  std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t) override {
    return std::make_unique<NatsReceiver>(task);
  }
};

}  // namespace

std::string missing_nats() {
  return program_in_path("nats-server").empty() ? "nats-server" : "";
}

std::unique_ptr<test::Process> start_nats(Task& task, const std::string& more) {
  const std::string dir = task.dir.text();
  const int port = free_port();
  task.endpoint = Text{"nats://127.0.0.1:" + std::to_string(port)};
  test::write_file(dir + "/nats.conf", "host: 127.0.0.1\nport: " + std::to_string(port) +
                                           "\nwrite_deadline: \"60s\"\nmax_pending: 1GB\n" + more);
  auto server = std::make_unique<test::Process>(test::Process::Options{
      .argv = {program_in_path("nats-server"), "-c", dir + "/nats.conf"}, .output = dir + "/nats.log"});
  if (!test::eventually([port] { return answers(port); }))
    throw std::runtime_error{"nats-server did not start:\n" + server->output()};
  return server;
}

std::unique_ptr<Peer> make_nats() {
  return std::make_unique<NatsPeer>();
}

}  // namespace reel::bench
