#include "session/live_tap.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "event/batch.h"
#include "session/router_socket.h"

namespace reel::broker {
namespace {

// Frames that may wait for one subscriber. The tap is at most once: a subscriber this far behind misses some.
constexpr int tap_frames_queued_max = 10'000;
// All that comes this way is subscriptions: a prefix of a topic and a byte.
constexpr std::int64_t subscription_bytes_max = 1'024;

// The batch as it was received, where that is one frame of one topic: nothing of it is copied, for however
// many subscribers.
std::optional<zmq::message_t> as_received(const StoredBatch& batch) {
  const auto& runs = batch.runs;
  const bool one_topic = std::all_of(runs.begin(), runs.end(),
                                     [&](const StoredRun& run) { return run.topic == runs.front().topic; });
  if (!one_topic || batch.pieces.size() != 1) return std::nullopt;
  return to_message({batch.pieces.front(), batch.owners.front()});
}

zmq::message_t encoded(const StoredBatch& batch, const StoredRun& run) {
  BatchWriter writer;
  writer.begin_run({run.source, run.topic, run.dataschema, run.chosen_ids});
  for (auto index = run.first_event; index < run.first_event + run.event_count; ++index)
    writer.add_encoded(batch.events[index].bytes);
  return to_message(writer.take());
}

void send(zmq::socket_t& socket, std::string_view topic, zmq::message_t body) {
  zmq::message_t head{topic.data(), topic.size()};
  if (!socket.send(head, zmq::send_flags::sndmore | zmq::send_flags::dontwait)) return;
  (void)socket.send(body, zmq::send_flags::dontwait);
}

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
  if (subscriptions_ == 0 || batch.runs.empty()) return;
  if (auto whole = as_received(batch)) return send(socket_, batch.runs.front().topic, std::move(*whole));
  for (const auto& run : batch.runs) send(socket_, run.topic, encoded(batch, run));
}

}  // namespace reel::broker
