#include "session/router_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "config/listening.h"
#include "event/uuid.h"

namespace reel::broker {
namespace {

// Frames that may wait for one peer. What is in flight to a client is bounded by credit and by its own
// requests; this is for a client that asks and never reads. It loses its connection's frames, and so its
// session.
constexpr int frames_queued_max = 20'000;
// What may wait in the kernel-side queue towards us: a publisher's window is the real bound.
constexpr int frames_received_max = 20'000;

// ZeroMQ reads 8 KiB at a time (ZMQ_IN_BATCH_SIZE's default), and a message that lies within such a block
// keeps all of it alive, with its bookkeeping 18 KiB. What is that small is copied: the tail and what is in
// flight keep batches for long.
constexpr std::size_t received_block_bytes = 8'192;

Body kept_batch(zmq::message_t part) {
  if (part.size() >= received_block_bytes) {
    const auto message = std::make_shared<const zmq::message_t>(std::move(part));
    return {message->to_string_view(), message};
  }
  const auto bytes = std::make_shared_for_overwrite<char[]>(part.size());
  std::memcpy(bytes.get(), part.data(), part.size());
  return {{bytes.get(), part.size()}, bytes};
}

// What a frame takes when it is parsed, unless it is an uncommon one.
constexpr std::size_t parsing_bytes = 256u << 10;

bool parse(const zmq::message_t& head, v1::ToBroker& frame) {
  return head.size() <= head_bytes_max && frame.ParseFromArray(head.data(), static_cast<int>(head.size()));
}

}  // namespace

zmq::message_t to_message(Body body) {
  constexpr std::size_t worth_not_copying = 1024;
  if (body.bytes.size() < worth_not_copying) return zmq::message_t{body.bytes.data(), body.bytes.size()};
  auto* const owner = new std::shared_ptr<const void>{std::move(body.owner)};
  const auto release = [](void*, void* hint) { delete static_cast<std::shared_ptr<const void>*>(hint); };
  // ZeroMQ only reads what it sends.
  return zmq::message_t{const_cast<char*>(body.bytes.data()), body.bytes.size(), release, owner};
}

void bind_or_explain(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    if (config::is_listened_on(endpoint)) throw zmq::error_t{EADDRINUSE};
    socket.bind(endpoint);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error(config::cannot_listen_text(endpoint, error.num(), "broker"));
  }
}

RouterSocket::RouterSocket(zmq::context_t& context, const std::string& endpoint, std::size_t batch_bytes_max)
    : socket_{context, zmq::socket_type::router},
      monitor_{context, zmq::socket_type::pair},
      parsing_(parsing_bytes),
      arena_{parsing_.data(), parsing_.size()} {
  socket_.set(zmq::sockopt::router_mandatory, 1);
  socket_.set(zmq::sockopt::sndhwm, frames_queued_max);
  socket_.set(zmq::sockopt::rcvhwm, frames_received_max);
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(std::max(batch_bytes_max, head_bytes_max)));
  bind_or_explain(socket_, endpoint);
  // One name for each, since a process may have several.
  const auto address = "inproc://front-door-" + uuid_v7(random_nonzero());
  if (zmq_socket_monitor(socket_.handle(), address.c_str(), ZMQ_EVENT_DISCONNECTED) != 0)
    throw zmq::error_t{};
  monitor_.connect(address);
}

// The monitor ends before its reader: without one ZeroMQ's thread might wait to tell of a disconnect for
// ever.
RouterSocket::~RouterSocket() {
  zmq_socket_monitor(socket_.handle(), nullptr, 0);
}

std::optional<Incoming> RouterSocket::receive() {
  zmq::message_t id;
  if (!socket_.recv(id, zmq::recv_flags::dontwait)) return std::nullopt;
  arena_.Reset();
  auto& frame = *google::protobuf::Arena::CreateMessage<v1::ToBroker>(&arena_);
  Body batch;
  bool more = id.more();
  zmq::message_t part;
  for (int index = 0; more; ++index) {
    if (!socket_.recv(part)) break;
    more = part.more();
    if (index == 0 && !parse(part, frame)) frame.Clear();
    if (index == 1) batch = kept_batch(std::move(part));
    if (index > 1) frame.Clear();  // not of this protocol
  }
  return Incoming{
      .routing_id = id.to_string(), .frame = frame, .batch = batch.bytes, .owner = std::move(batch.owner)};
}

bool RouterSocket::send(const RoutingId& to, const v1::FromBroker& frame, Body batch) {
  try {
    constexpr auto more = zmq::send_flags::sndmore;
    constexpr auto now = zmq::send_flags::dontwait;
    zmq::message_t id{to.data(), to.size()};
    if (!socket_.send(id, more | now)) return false;
    zmq::message_t head = to_message(frame.SerializeAsString());
    if (batch.empty()) return socket_.send(head, now).has_value();
    if (!socket_.send(head, more | now)) return false;
    zmq::message_t body = to_message(std::move(batch));
    return socket_.send(body, now).has_value();
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw;
  }
}

bool RouterSocket::has_lost_connection() {
  bool lost = false;
  for (zmq::message_t part; monitor_.recv(part, zmq::recv_flags::dontwait);) lost = true;
  return lost;
}

std::string RouterSocket::endpoint() const {
  return socket_.get(zmq::sockopt::last_endpoint);
}

}  // namespace reel::broker
