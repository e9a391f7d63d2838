#include "session/live_tap.h"

#include "event/batch.h"
#include "session/router_socket.h"

namespace reel::broker {
namespace {

// Frames that may wait for one subscriber. The tap is at most once: a subscriber this far behind misses some.
constexpr int tap_frames_queued_max = 10'000;
// All that comes this way is subscriptions: a prefix of a topic and a byte.
constexpr std::int64_t subscription_bytes_max = 1'024;

}  // namespace

LiveTap::LiveTap(zmq::context_t& context, const std::string& endpoint)
    : socket_{context, zmq::socket_type::xpub} {
  socket_.set(zmq::sockopt::sndhwm, tap_frames_queued_max);
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::maxmsgsize, subscription_bytes_max);
  bind_or_explain(socket_, endpoint);
}

void LiveTap::take_subscriptions() {
  zmq::message_t message;
  while (socket_.recv(message, zmq::recv_flags::dontwait)) {
    // XPUB passes on the first subscription of a kind and the last unsubscription.
    if (message.size() == 0) continue;
    const auto kind = *message.data<const unsigned char>();
    if (kind == 1) ++subscriptions_;
    if (kind == 0 && subscriptions_ > 0) --subscriptions_;
  }
}

void LiveTap::publish(const StoredBatch& batch) {
  if (subscriptions_ == 0) return;
  for (const auto& run : batch.runs) {
    BatchWriter writer;
    writer.begin_run({run.source, run.topic, run.dataschema, run.chosen_ids});
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      writer.add_encoded(batch.events[index].bytes);
    }
    zmq::message_t topic{run.topic.data(), run.topic.size()};
    zmq::message_t body = to_message(writer.take());
    if (!socket_.send(topic, zmq::send_flags::sndmore | zmq::send_flags::dontwait)) continue;
    (void)socket_.send(body, zmq::send_flags::dontwait);
  }
}

}  // namespace reel::broker
