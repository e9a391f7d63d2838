#include "tracker/query_server.h"

#include <cerrno>
#include <stdexcept>
#include <zmq.hpp>

#include "config/listening.h"
#include "reel/v1/wire.pb.h"

namespace reel::tracker {
namespace {

/// How long the last answers may be on their way when this ends.
constexpr int last_answers_ms = 100;
constexpr const char* not_a_question = "not a question in the form of reel.v1.ToBroker{query}";

}  // namespace

struct QueryServer::Impl {
  zmq::context_t context;
  zmq::socket_t socket{context, zmq::socket_type::router};
};

QueryServer::QueryServer(const std::string& endpoint) : impl_{std::make_unique<Impl>()} {
  impl_->socket.set(zmq::sockopt::linger, last_answers_ms);
  impl_->socket.set(zmq::sockopt::maxmsgsize, question_bytes_max);
  try {
    if (config::is_listened_on(endpoint)) throw zmq::error_t{EADDRINUSE};
    impl_->socket.bind(endpoint);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error{config::cannot_listen_text(endpoint, error.num(), "tracker")};
  }
}

QueryServer::~QueryServer() = default;

std::string QueryServer::endpoint() const {
  return impl_->socket.get(zmq::sockopt::last_endpoint);
}

void QueryServer::send(const std::string& asker, v1::Reply reply) {
  v1::FromBroker frame;
  *frame.mutable_answer() = std::move(reply);
  const std::string bytes = frame.SerializeAsString();
  // A ROUTER drops what nobody takes: an asker that has gone does not hold up the others.
  (void)impl_->socket.send(zmq::buffer(asker), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
  (void)impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
}

bool QueryServer::serve(const std::function<void(const v1::Request&, Send)>& answer) {
  const auto until = std::chrono::steady_clock::now() + answering_max;
  int answered = 0;
  for (; answered < questions_per_turn_max && std::chrono::steady_clock::now() < until; ++answered) {
    zmq::message_t asker;
    if (!impl_->socket.recv(asker, zmq::recv_flags::dontwait)) break;
    zmq::message_t frame;
    int frames = 0;
    for (; asker.more() && (frames == 0 || frame.more()); ++frames) {
      if (!impl_->socket.recv(frame, zmq::recv_flags::none)) return answered > 0;
    }
    v1::ToBroker question;
    if (frames == 1 && question.ParseFromArray(frame.data(), static_cast<int>(frame.size())) &&
        question.has_query()) {
      answer(question.query(),
             [this, to = asker.to_string()](v1::Reply reply) { send(to, std::move(reply)); });
    } else {
      v1::Reply reply;
      reply.set_error(not_a_question);
      send(asker.to_string(), std::move(reply));
    }
  }
  return answered > 0;
}

}  // namespace reel::tracker
