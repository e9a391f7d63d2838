// NATS JetStream: a stream in files, one replica. Publishing is asynchronous with a window, consumers are
// durable. What is pushed is acked one by one, what is fetched by the last of each fetch: the quickest of
// what was tried for each (docs/performance.md). The server never syncs within a run (its interval is minutes
// and, in Debian's 2.9, cannot be set), so it stands beside `sync: os` only.
#include <unistd.h>

#include "nats_connection.h"
#include "peers.h"

namespace reel::bench {
namespace {

/// Published and not answered; the library's own default.
constexpr std::int64_t publishes_unanswered_max = 4'000;
constexpr std::int64_t pushed_unacked_max = 5'000;
constexpr std::int64_t fetched_unacked_max = 65'536;
/// Events asked for at a time: many for throughput, few where latency counts.
constexpr int fetch_events = 20'000;
constexpr int fetch_events_paced = 100;
constexpr std::int64_t fetch_wait_ms = 500;

using NatsJetStream = NatsOwned<jsCtx, jsCtx_Destroy>;

NatsJetStream jetstream(natsConnection* connection) {
  jsOptions options;
  must(jsOptions_Init(&options), "jetstream options");
  options.PublishAsync.MaxPending = publishes_unanswered_max;
  options.PublishAsync.StallWait = 60'000;
  jsCtx* context = nullptr;
  must(natsConnection_JetStream(&context, connection, &options), "jetstream");
  return NatsJetStream{context};
}

std::string consumer_of(const Task& task, std::uint32_t receiver) {
  return "bench-" + std::to_string(task.group_of(receiver));
}

class JetStreamSender : public Sender {
 public:
  explicit JetStreamSender(const Task& task)
      : connection_{connect_nats(task)}, stream_{jetstream(connection_.get())} {}

  void send(std::string_view payload, std::uint64_t) override {
    must(js_PublishAsync(stream_.get(), "bench.event", payload.data(), static_cast<int>(payload.size()),
                         nullptr),
         "jetstream publish");
  }
  void flush() override { must(js_PublishAsyncComplete(stream_.get(), nullptr), "jetstream publish"); }

 private:
  NatsConnection connection_;
  NatsJetStream stream_;
};

class JetStreamReceiver : public Receiver {
 public:
  JetStreamReceiver(const Task& task, std::uint32_t number, Fetching fetching)
      : connection_{connect_nats(task)},
        stream_{jetstream(connection_.get())},
        name_{consumer_of(task, number)},
        fetching_{fetching},
        fetch_events_{task.rate_per_s > 0 ? fetch_events_paced : fetch_events} {}

  void receive(const Sink& sink) override {
    if (fetching_ == Fetching::push) return be_sent(sink);
    return fetch(sink);
  }

 private:
  jsSubOptions options() {
    jsSubOptions options;
    must(jsSubOptions_Init(&options), "jetstream options");
    options.Config.Durable = name_.c_str();
    const bool push = fetching_ == Fetching::push;
    options.Config.MaxAckPending = push ? pushed_unacked_max : fetched_unacked_max;
    options.Config.AckPolicy = push ? js_AckExplicit : js_AckAll;
    options.ManualAck = true;
    return options;
  }

  void be_sent(const Sink& sink) {
    jsSubOptions wanted = options();
    natsSubscription* subscription = nullptr;
    must(js_Subscribe(&subscription, stream_.get(), "bench.event", on_message, const_cast<Sink*>(&sink),
                      nullptr, &wanted, nullptr),
         "jetstream subscribe");
    must(natsSubscription_SetPendingLimits(subscription, -1, -1), "nats limits");
    ::pause();
  }

  void fetch(const Sink& sink) {
    jsSubOptions wanted = options();
    natsSubscription* subscription = nullptr;
    must(js_PullSubscribe(&subscription, stream_.get(), "bench.event", name_.c_str(), nullptr, &wanted,
                          nullptr),
         "jetstream subscribe");
    while (true) {
      natsMsgList messages{};
      const natsStatus status =
          natsSubscription_Fetch(&messages, subscription, fetch_events_, fetch_wait_ms, nullptr);
      if (status != NATS_OK && status != NATS_TIMEOUT) must(status, "jetstream fetch");
      for (int i = 0; i < messages.Count; ++i) see(sink, messages.Msgs[i]);
      if (messages.Count > 0) ack(messages.Msgs[messages.Count - 1]);
      natsMsgList_Destroy(&messages);
    }
  }

  static void see(const Sink& sink, natsMsg* message) {
    sink({natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
  }
  static void ack(natsMsg* message) { must(natsMsg_Ack(message, nullptr), "jetstream ack"); }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* sink) {
    see(*static_cast<const Sink*>(sink), message);
    ack(message);
    natsMsg_Destroy(message);
  }

  NatsConnection connection_;
  NatsJetStream stream_;
  std::string name_;
  Fetching fetching_;
  int fetch_events_;
};

class JetStreamPeer : public Peer {
 public:
  explicit JetStreamPeer(Fetching fetching) : fetching_{fetching} {}

  std::string missing() const override { return missing_nats(); }

  Servers start(Task& task) override {
    Servers servers;
    servers["broker"] = start_nats(task, "jetstream: {store_dir: \"" + task.dir.text() + "/jetstream\"}\n");
    connection_ = connect_nats(task);
    stream_ = jetstream(connection_.get());
    jsStreamConfig stream;
    must(jsStreamConfig_Init(&stream), "jetstream stream");
    const char* subjects[] = {"bench.event"};
    stream.Name = "bench";
    stream.Subjects = subjects;
    stream.SubjectsLen = 1;
    stream.Storage = js_FileStorage;
    must(js_AddStream(nullptr, stream_.get(), &stream, nullptr, nullptr), "jetstream stream");
    return servers;
  }

  bool joined(const Task& task) override {
    for (std::uint32_t i = 0; i < task.receivers; ++i) {
      if (!consumer(consumer_of(task, i))) return false;
    }
    return true;
  }

  bool settled(const Task& task) override {
    for (std::uint32_t i = 0; i < task.receivers; ++i) {
      const auto info = consumer(consumer_of(task, i));
      if (!info || info->NumAckPending > 0 || info->NumPending > 0) return false;
    }
    return true;
  }

  std::unique_ptr<Sender> sender(const Task& task, std::uint32_t) override {
    return std::make_unique<JetStreamSender>(task);
  }
  std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t number) override {
    return std::make_unique<JetStreamReceiver>(task, number, fetching_);
  }

 private:
  using Info = NatsOwned<jsConsumerInfo, jsConsumerInfo_Destroy>;
  Info consumer(const std::string& name) {
    jsConsumerInfo* info = nullptr;
    (void)js_GetConsumerInfo(&info, stream_.get(), "bench", name.c_str(), nullptr, nullptr);
    return Info{info};
  }

  Fetching fetching_;
  NatsConnection connection_;
  NatsJetStream stream_;
};

}  // namespace

std::unique_ptr<Peer> make_jetstream(Fetching fetching) {
  return std::make_unique<JetStreamPeer>(fetching);
}

}  // namespace reel::bench
