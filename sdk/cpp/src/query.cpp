// reel::QueryClient: one question, one answer, on a socket of its own. A socket whose answer did not come is
// dropped, so that a late one cannot be taken for the next.
#include "reel/query.h"

#include <optional>
#include <utility>

#include "identity.h"
#include "reel/v1/wire.pb.h"
#include "zmq_socket.h"

namespace reel {

using Clock = std::chrono::steady_clock;

class QueryClient::Impl {
 public:
  Impl(std::string endpoint, std::chrono::milliseconds timeout)
      : endpoint_{std::move(endpoint)}, timeout_{timeout} {
    sdk::check_endpoint(endpoint_);
  }

  v1::Reply ask(v1::Request request) {
    (void)post(std::move(request));
    const auto deadline = Clock::now() + timeout_;
    while (auto reply = next_answer(deadline)) {
      if (reply->id() == asked_) return std::move(*reply);
    }
    socket_.reset();
    throw NotReachable{"no answer from " + endpoint_ + " within " + std::to_string(timeout_.count()) +
                       " ms (is it running, and does it listen there?)"};
  }

  std::uint64_t post(v1::Request request) {
    request.set_id(++asked_);
    v1::ToBroker message;
    *message.mutable_query() = std::move(request);
    if (!socket_) open();
    (void)socket_->send(zmq::buffer(message.SerializeAsString()), zmq::send_flags::dontwait);
    return asked_;
  }

  std::optional<v1::Reply> poll() {
    zmq::message_t frame;
    while (socket_ && socket_->recv(frame, zmq::recv_flags::dontwait)) {
      v1::FromBroker message;
      if (message.ParseFromArray(frame.data(), static_cast<int>(frame.size())) && message.has_answer())
        return std::move(*message.mutable_answer());
    }
    return std::nullopt;
  }

 private:
  // A process may have no descriptor left for it.
  void open() {
    try {
      socket_.emplace(sdk::zmq_context(), zmq::socket_type::dealer);
      socket_->set(zmq::sockopt::linger, 0);
      socket_->set(zmq::sockopt::maxmsgsize, sdk::received_frame_bytes_max);
      socket_->set(zmq::sockopt::reconnect_ivl, 50);
      socket_->connect(endpoint_);
    } catch (const zmq::error_t& error) {
      socket_.reset();
      throw NotReachable{"cannot connect to " + endpoint_ + ": " + error.what()};
    }
  }

  // The next answer there is; nothing when the deadline has passed. Other frames are passed over.
  std::optional<v1::Reply> next_answer(Clock::time_point deadline) {
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) return std::nullopt;
      zmq::pollitem_t item{socket_->handle(), 0, ZMQ_POLLIN, 0};
      try {
        if (zmq::poll(&item, 1, left) == 0) return std::nullopt;
      } catch (const zmq::error_t& error) {
        if (error.num() != EINTR) throw;
        continue;
      }
      zmq::message_t frame;
      if (!socket_->recv(frame, zmq::recv_flags::dontwait)) continue;
      v1::FromBroker message;
      if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) continue;
      if (message.has_answer()) return std::move(*message.mutable_answer());
    }
  }

  std::string endpoint_;
  std::chrono::milliseconds timeout_;
  std::optional<zmq::socket_t> socket_;
  std::uint64_t asked_ = 0;
};

QueryClient::QueryClient(std::string endpoint, std::chrono::milliseconds timeout)
    : impl_{std::make_unique<Impl>(std::move(endpoint), timeout)} {}
QueryClient::~QueryClient() = default;

v1::Reply QueryClient::ask(v1::Request request) {
  return impl_->ask(std::move(request));
}

std::uint64_t QueryClient::post(v1::Request request) {
  return impl_->post(std::move(request));
}
std::optional<v1::Reply> QueryClient::poll() {
  return impl_->poll();
}

}  // namespace reel
