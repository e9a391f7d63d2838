// reel::LiveTap: a SUB socket on [topic][batch]. ZeroMQ filters by prefix, so each pattern subscribes to what
// stands before its first wildcard and the rest is judged here.
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "connection.h"
#include "event/topic.h"
#include "reel/query.h"
#include "reel/stream.h"
#include "stream_events.h"
#include "zmq_socket.h"

namespace reel {
namespace {

constexpr std::size_t batch_events_max = 1u << 20;

// "order.*" -> "order."; a pattern without wildcard is its own prefix.
std::string literal_prefix(const std::string& pattern) {
  std::size_t begin = 0;
  while (begin < pattern.size()) {
    const auto end = std::min(pattern.find('.', begin), pattern.size());
    const auto token = std::string_view{pattern}.substr(begin, end - begin);
    if (token == "*" || token == ">") return pattern.substr(0, begin);
    begin = end + 1;
  }
  return pattern;
}

// Says HELLO only to hear where the tap is.
class EndpointQuestion final : public sdk::Side {
 public:
  explicit EndpointQuestion(const Options& options)
      : connection_{sdk::identify("live-tap", options), options} {
    connection_.add_side(*this);
    connection_.start();
  }
  ~EndpointQuestion() override { connection_.end(std::chrono::milliseconds{200}); }

  std::string answer(const Options& options) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, options.connect_timeout,
                           [this] { return !endpoint_.empty() || !text_.empty(); })) {
      throw NotReachable{"no broker answers at " + options.brokers.front() + " within " +
                         std::to_string(options.connect_timeout.count()) +
                         " ms (is it running? REEL_BROKER names another)"};
    }
    if (endpoint_.empty())
      throw NotReachable{"the broker at " + options.brokers.front() + " has no live tap: " + text_};
    return endpoint_;
  }

 private:
  void tell(std::string endpoint, std::string text) {
    {
      const std::lock_guard lock{mutex_};
      endpoint_ = std::move(endpoint);
      text_ = std::move(text);
    }
    changed_.notify_all();
  }
  void welcomed(const v1::Welcome& welcome) override { tell(welcome.live_endpoint(), "it names none"); }
  void refused(v1::RefusedReason, const std::string& text) override { tell({}, text); }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string endpoint_, text_;
  sdk::Connection connection_;  // last: its thread uses all of the above
};

}  // namespace

class LiveTap::Impl {
 public:
  explicit Impl(LiveTapOptions options)
      : patterns_{std::move(options.patterns)}, socket_{sdk::zmq_context(), zmq::socket_type::sub} {
    for (const auto& pattern : patterns_) {
      if (const auto wrong = check_pattern(pattern)) {
        throw std::invalid_argument{"cannot listen to '" + pattern + "': " + *wrong};
      }
    }
    if (options.endpoint.empty())
      options.endpoint = EndpointQuestion{options.connection}.answer(options.connection);
    sdk::check_endpoint(options.endpoint);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvhwm, options.queue_batches);
    socket_.set(zmq::sockopt::maxmsgsize, sdk::received_frame_bytes_max);
    for (const auto& pattern : patterns_) socket_.set(zmq::sockopt::subscribe, literal_prefix(pattern));
    socket_.connect(options.endpoint);
    stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd_ < 0) throw std::system_error{errno, std::generic_category(), "cannot open an eventfd"};
  }
  ~Impl() { close(stop_fd_); }

  StreamBatch next(std::chrono::milliseconds wait) {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    StreamBatch batch;
    while (true) {
      if (receive(batch)) return batch;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      std::array<zmq::pollitem_t, 2> items{
          {{socket_.handle(), -1, ZMQ_POLLIN, 0}, {nullptr, stop_fd_, ZMQ_POLLIN, 0}}};
      try {
        const auto ready =
            zmq::poll(items.data(), items.size(), std::max(left, std::chrono::milliseconds{0}));
        if (items[1].revents != 0) batch.kind = StreamBatch::Kind::stopped;
        if (items[1].revents != 0 || ready == 0) return batch;
      } catch (const zmq::error_t& error) {
        if (error.num() != EINTR) throw;
      }
    }
  }

  void stop() noexcept { eventfd_write(stop_fd_, 1); }

 private:
  // Whether a batch with events that are wanted was there to be had.
  bool receive(StreamBatch& batch) {
    zmq::message_t topic;
    while (socket_.recv(topic, zmq::recv_flags::dontwait)) {
      bool more = topic.more();
      while (more && socket_.recv(body_, zmq::recv_flags::none)) more = body_.more();
      const auto name = topic.to_string_view();
      if (check_topic(name) || std::none_of(patterns_.begin(), patterns_.end(),
                                            [&](const auto& pattern) { return matches(pattern, name); })) {
        continue;
      }
      // Nobody waits for what cannot be read: the events before it are as good as any.
      events_.clear();
      (void)sdk::read_events(body_.to_string_view(), batch_events_max, events_);
      if (events_.empty()) continue;
      batch.events = events_;
      batch.kind = StreamBatch::Kind::events;
      return true;
    }
    return false;
  }

  std::vector<std::string> patterns_;
  zmq::socket_t socket_;
  zmq::message_t body_;  // what the reader's views look into
  std::vector<StreamEvent> events_;
  int stop_fd_ = -1;
};

LiveTap::LiveTap(LiveTapOptions options) : impl_{std::make_unique<Impl>(std::move(options))} {}
LiveTap::~LiveTap() = default;
StreamBatch LiveTap::next(std::chrono::milliseconds wait) {
  return impl_->next(wait);
}
void LiveTap::stop() noexcept {
  impl_->stop();
}

}  // namespace reel
