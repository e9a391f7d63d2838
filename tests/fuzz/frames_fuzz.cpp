// Bytes from the broker, or from whoever listens where it should: a header and a body for every reader the
// SDK has. The first two bytes say how long the header is; the rest is the body.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "delivery.h"
#include "handling.h"
#include "publish_window.h"
#include "session.h"
#include "settle_batcher.h"
#include "stream_events.h"
#include "stream_queue.h"

namespace {

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

void expect(bool holds) {
  if (!holds) std::abort();
}

// One event published, one handled, one given out: something for each answer to be about.
class Client : public SessionOwner {
 public:
  Client() : session_{settings(), *this} {
    registry_.add("order.>", [](Context&) {});
    session_.subscribe({}, now_);
    session_.start(now_);
    hear(welcome(), {});

    std::string event;
    append_event(event, {.id = "e", .correlationid = "c"});
    PublishCallback callback = [](const PublishResult&) {};
    const RunHead head{.source = "s", .topic = "order.placed", .dataschema = "T"};
    (void)window_.append(head, event, callback);
    std::vector<Completion> refused;
    expect(window_.take(refused).has_value());
    (void)settles_.ack({.offset = 1, .delivery = 1}, {{head, event}});
    (void)settles_.nack({.offset = 2, .delivery = 1}, {});
    expect(settles_.take().has_value());
  }

  void hear(std::string_view header, Body body) { session_.on_frame(header, std::move(body), now_); }
  void pass_time() { session_.on_time(now_ += 1s); }

 private:
  static SessionSettings settings() {
    SessionSettings settings;
    settings.brokers = {"a", "b"};
    return settings;
  }
  static std::string welcome() {
    v1::FromBroker message;
    message.mutable_welcome()->set_epoch(1);
    message.mutable_welcome()->set_publish_window_bytes(1u << 20);
    message.mutable_welcome()->set_publish_window_batches(8);
    return message.SerializeAsString();
  }

  void connect(const std::string&) override {}
  void disconnect() override {}
  void send(Frame) override {}
  v1::ClientBeat beat_now() override { return {}; }
  void before_subscribe(v1::Subscribe&) override {}
  void welcomed(const v1::Welcome& welcome) override { window_.welcomed(welcome); }
  void subscribed(const v1::Subscribed& subscribed) override { stream_.subscribed(subscribed); }
  void accepted(const v1::Accepted& accepted) override {
    for (auto& [callback, result] : window_.accepted(accepted)) callback(result);
  }
  void delivered(const v1::Deliver& deliver, Body body) override {
    std::vector<Task> tasks;
    if (const auto frame = read_delivery(deliver, body, 0, cache_, tasks)) {
      for (const auto& task : tasks) expect(read_event(task.bytes).has_value());
    }
    stream_.delivered(deliver, std::move(body));
    StreamBatch batch;
    while (stream_.has_news() && batch.kind != StreamBatch::Kind::refused) {
      batch = {};
      (void)stream_.next(batch);
      for (const auto& event : batch.events) (void)attributes_of(event);
    }
    stream_.ack_all();
    (void)stream_.take_settle();
  }
  void taken_back(const v1::TakenBack&) override {}
  void settled(const v1::Settled& settled) override {
    (void)settles_.settled(settled);
    stream_.settled(settled.sequence());
  }
  void beaten(const v1::BrokerBeat& beat) override { stream_.beaten(beat); }
  void put_off(const std::string&, std::chrono::milliseconds) override {}
  void lost(const std::string&) override {
    window_.lost();
    settles_.lost(0);
    stream_.lost();
  }
  void refused(v1::RefusedReason, const std::string& text) override { stream_.refused(text); }
  void left() override {}

  Time now_{};
  Session session_;
  PublishWindow window_{7, 1u << 20};
  Finished finished_;
  SettleBatcher settles_{1, 1u << 20, finished_};
  HandlerRegistry registry_;
  HandlerCache cache_{registry_};
  StreamQueue stream_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer silence;
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  if (size < 2) return 0;
  const auto header_bytes = static_cast<std::size_t>(bytes[0]) | static_cast<std::size_t>(bytes[1]) << 8;
  const auto header = input.substr(2, header_bytes);
  const auto body = input.substr(2 + header.size());

  Client client;
  client.hear(header, {nullptr, body});
  client.pass_time();
  client.hear(header, {nullptr, body});

  std::vector<StreamEvent> live;
  (void)read_events(body, 1'000, live);
  return 0;
}
