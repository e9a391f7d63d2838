#include "connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "event/uuid.h"
#include "keyed_workers.h"
#include "zmq_socket.h"

namespace reel::sdk {
namespace {

// Frames read before others get their turn: a flood of deliveries must not hold up publishing.
constexpr int receive_frames_max = 64;
// Smaller bodies are copied into the message; sharing costs an allocation.
constexpr std::size_t copy_bytes_max = 4'096;
constexpr milliseconds longest_wait{1'000};

Time now() {
  return std::chrono::steady_clock::now();
}

zmq::message_t message_of(const Body& body) {
  if (body.bytes.size() <= copy_bytes_max) return zmq::message_t{body.bytes.data(), body.bytes.size()};
  auto* owner = new std::shared_ptr<const void>{body.owner};
  const auto release = [](void*, void* hint) { delete static_cast<std::shared_ptr<const void>*>(hint); };
  // ZeroMQ only reads what it sends.
  return zmq::message_t{const_cast<char*>(body.bytes.data()), body.bytes.size(), release, owner};
}

// A thread of the program's own may be interrupted by its signals; that is no failure of the socket's.
template <class Call>
auto uninterrupted(Call call) {
  while (true) {
    try {
      return call();
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
  }
}

SessionSettings settings_of(const Identity& identity, const Options& options) {
  return {.hello = identity.hello(),
          .brokers = options.brokers,
          .connect_timeout = options.connect_timeout,
          .reconnect_wait_min = options.reconnect_wait_min,
          .reconnect_wait_max = options.reconnect_wait_max,
          .jitter_seed = random_nonzero()};
}

}  // namespace

void Log::operator()(LogLevel level, std::string_view line) {
  if (!sink_) return;
  const std::lock_guard lock{mutex_};
  sink_(level, line);
}

// A DEALER and its monitor. ZeroMQ mends a lost TCP connection by itself, but the broker on the other end has
// forgotten us by then; so the session is told, and need not find out by silence.
class Connection::Socket {
 public:
  explicit Socket(const std::string& endpoint)
      : socket_{zmq_context(), zmq::socket_type::dealer}, monitor_{zmq_context(), zmq::socket_type::pair} {
    static std::atomic<std::uint64_t> count{0};
    const auto name = "inproc://reel-monitor-" + std::to_string(++count);
    if (zmq_socket_monitor(socket_.handle(), name.c_str(), ZMQ_EVENT_DISCONNECTED) != 0) throw zmq::error_t{};
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.connect(name);
    socket_.set(zmq::sockopt::linger, 0);
    // Both directions are bounded by windows and credit, so no queue here may drop or block on its own.
    socket_.set(zmq::sockopt::sndhwm, 0);
    socket_.set(zmq::sockopt::rcvhwm, 0);
    socket_.set(zmq::sockopt::maxmsgsize, received_frame_bytes_max);
    socket_.set(zmq::sockopt::reconnect_ivl, 50);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 500);
    socket_.connect(endpoint);
  }

  // The monitor ends before its reader: without one, ZeroMQ's thread would wait to tell of a disconnect for
  // ever, and every connection of the process with it.
  ~Socket() { zmq_socket_monitor(socket_.handle(), nullptr, 0); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Lets what was sent go out after the socket is dropped.
  void linger() { socket_.set(zmq::sockopt::linger, 200); }

  void send(const Frame& frame) {
    const bool body = frame.body.owner != nullptr;
    send(zmq::message_t{frame.header.data(), frame.header.size()},
         body ? zmq::send_flags::sndmore : zmq::send_flags::none);
    if (body) send(message_of(frame.body), zmq::send_flags::none);
  }

  bool receive(zmq::message_t& header, Body& body) {
    body = {};
    if (!socket_.recv(header, zmq::recv_flags::dontwait)) return false;
    for (bool more = header.more(); more;) {
      zmq::message_t part;
      if (!socket_.recv(part, zmq::recv_flags::none)) break;
      more = part.more();
      body = kept(std::move(part));
    }
    return true;
  }

  // Whether the peer went away since the last call.
  bool disconnected() {
    bool gone = false;
    for (zmq::message_t part; monitor_.recv(part, zmq::recv_flags::dontwait);) gone = true;
    return gone;
  }

  // For poll(): readable when something has come that nobody has taken notice of. Every use of the socket
  // takes notice; then has_input() alone knows.
  [[nodiscard]] int fd() const { return socket_.get(zmq::sockopt::fd); }
  [[nodiscard]] int monitor_fd() const { return monitor_.get(zmq::sockopt::fd); }
  [[nodiscard]] bool has_input() const {
    return uninterrupted([&] { return (socket_.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0; });
  }

 private:
  void send(zmq::message_t part, zmq::send_flags flags) {
    (void)uninterrupted([&] { return socket_.send(part, flags | zmq::send_flags::dontwait); });
  }

  zmq::socket_t socket_;
  zmq::socket_t monitor_;
};

Connection::Connection(const Identity& identity, const Options& options)
    : log_{options.log},
      session_{settings_of(identity, options), *this},
      wake_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (wake_fd_ < 0) throw std::system_error{errno, std::generic_category(), "cannot open an eventfd"};
}

Connection::~Connection() {
  end(milliseconds{0});
  for (auto& thread : crew_) thread.join();
  close(wake_fd_);
}

void Connection::start(unsigned crew) {
  for (unsigned number = 0; number < crew; ++number) {
    crew_.emplace_back([this, is_first = number == 0] {
      block_signals();
      if (is_first) keep();
      while (watch_.stand_by()) take_over();
    });
  }
}

void Connection::post(std::function<void()> job) {
  {
    const std::lock_guard lock{jobs_mutex_};
    jobs_.push_back(std::move(job));
  }
  rouse();
}

void Connection::wake() {
  if (!send_here()) rouse();
}

void Connection::rouse() {
  if (!woken_.exchange(true)) eventfd_write(wake_fd_, 1);
}

// Whether there is nothing left for the connection's thread to do.
bool Connection::send_here() try {
  const std::unique_lock turn{turn_, std::try_to_lock};
  if (!turn || !session_.joined() || !burst_.may_send(now())) return false;
  send_waiting();
  return !socket_ || !socket_->has_input();
} catch (const std::exception& error) {
  // What was on its way may be half sent; a new session sends it again.
  post([this, why = std::string{"cannot send: "} + error.what()] { give_up(why); });
  return true;
}

void Connection::end(milliseconds wait) {
  if (crew_.empty()) return;
  post([this, wait] { session_.leave(now(), wait); });
  watch_.wait_for_end();
}

// Until the connection ends or has another keeper.
void Connection::keep() {
  turn_.lock();
  session_.start(now());
  while (!ended_) {
    wait();
    receive();
    run_jobs();
    session_.on_time(now());
    send_waiting();
    if (aside_ != nullptr && !step_aside()) return;
  }
  socket_.reset();
  for (auto* side : sides_) side->closed();
  turn_.unlock();
  watch_.end();
}

// False, and the turn is not ours any more: another thread has become the keeper.
bool Connection::step_aside() {
  served_ = std::exchange(aside_, nullptr);
  auto& side = *served_;
  const auto step = watch_.step_aside();
  turn_.unlock();
  side.run_aside();
  if (!watch_.come_back(step)) return false;
  turn_.lock();
  send_waiting();
  return true;
}

void Connection::take_over() {
  {
    const std::lock_guard turn{turn_};
    served_->aside_for_long();
  }
  keep();
}

// The turn is free meanwhile, so nothing may be asked of the sockets but their descriptors.
void Connection::wait() {
  if (hung_up_ || (socket_ && socket_->has_input())) return;
  const auto until = session_.next_deadline();
  const auto left = until == Time::max() ? longest_wait : std::chrono::ceil<milliseconds>(until - now());
  std::array<pollfd, 3> fds{{{wake_fd_, POLLIN, 0},
                             {socket_ ? socket_->fd() : -1, POLLIN, 0},
                             {socket_ ? socket_->monitor_fd() : -1, POLLIN, 0}}};
  turn_.unlock();
  poll(fds.data(), fds.size(), static_cast<int>(std::clamp(left, milliseconds{0}, longest_wait).count()));
  turn_.lock();
  if (fds[2].revents != 0) hung_up_ = true;
  if (fds[0].revents != 0) {
    eventfd_t count = 0;
    eventfd_read(wake_fd_, &count);
    // Before anything is fetched: what is put there from now on wakes again.
    woken_ = false;
  }
}

void Connection::receive() {
  zmq::message_t header;
  Body body;
  int frames = 0;
  // What is handled in this thread comes frame by frame: those behind it may be for the workers.
  const auto more = [&] {
    return frames < receive_frames_max && aside_ == nullptr && socket_ && socket_->receive(header, body);
  };
  for (; more(); ++frames) {
    session_.on_frame({static_cast<const char*>(header.data()), header.size()}, std::move(body), now());
  }
  // Once all that came before is read: the last frames of a broker that ends count.
  if (!hung_up_ || frames == receive_frames_max || aside_ != nullptr) return;
  hung_up_ = false;
  if (socket_ && socket_->disconnected()) {
    session_.give_up("the connection to " + session_.broker() + " was closed", now());
  }
}

void Connection::run_jobs() {
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock{jobs_mutex_};
    jobs.swap(jobs_);
  }
  for (auto& job : jobs) job();
}

void Connection::send_waiting() {
  if (!session_.joined()) return;
  frames_.clear();
  for (auto* side : sides_) side->take(frames_);
  std::size_t bytes = 0;
  for (const auto& frame : frames_) {
    if (socket_) socket_->send(frame);
    bytes += frame.body.bytes.size();
  }
  if (!frames_.empty()) burst_.sent(now(), bytes);
}

void Connection::add_side(Side& side) {
  sides_.push_back(&side);
  if (session_.joined()) side.welcomed(welcome_);
}

void Connection::subscribe(v1::Subscribe subscribe) {
  session_.subscribe(std::move(subscribe), now());
}
void Connection::give_up(const std::string& why) {
  session_.give_up(why, now());
}

void Connection::connect(const std::string& endpoint) {
  socket_.reset();
  try {
    socket_ = std::make_unique<Socket>(endpoint);
  } catch (const zmq::error_t& error) {
    log_(LogLevel::error, "cannot_connect broker=" + endpoint + " why=\"" + error.what() + "\"");
  }
}

void Connection::disconnect() {
  if (socket_ && (session_.state() == Session::State::left || session_.state() == Session::State::refused)) {
    socket_->linger();
  }
  socket_.reset();
}

void Connection::send(Frame frame) {
  if (socket_) socket_->send(frame);
}

v1::ClientBeat Connection::beat_now() {
  v1::ClientBeat beat;
  for (auto* side : sides_) side->add_beat(beat);
  return beat;
}

void Connection::before_subscribe(v1::Subscribe& subscribe) {
  for (auto* side : sides_) side->before_subscribe(subscribe);
}

void Connection::welcomed(const v1::Welcome& welcome) {
  if (std::exchange(loss_told_, false))
    log_(LogLevel::info, "connected broker=" + session_.broker());
  else
    log_(LogLevel::debug, "connected broker=" + session_.broker());
  welcome_ = welcome;
  for (auto* side : sides_) side->welcomed(welcome);
}

void Connection::subscribed(const v1::Subscribed& subscribed) {
  for (auto* side : sides_) side->subscribed(subscribed);
}
void Connection::accepted(const v1::Accepted& accepted) {
  for (auto* side : sides_) side->accepted(accepted);
}
void Connection::delivered(const v1::Deliver& deliver, Body body) {
  for (auto* side : sides_) side->delivered(deliver, body);
}
void Connection::settled(const v1::Settled& settled) {
  for (auto* side : sides_) side->settled(settled);
}
void Connection::taken_back(const v1::TakenBack& taken) {
  for (auto* side : sides_) side->taken_back(taken);
}
void Connection::beaten(const v1::BrokerBeat& beat) {
  for (auto* side : sides_) side->beaten(beat);
}

void Connection::lost(const std::string& why) {
  // Once, however often it fails from here on: the next line says that it is back.
  if (!std::exchange(loss_told_, true)) log_(LogLevel::warn, "disconnected why=\"" + why + "\"");
  for (auto* side : sides_) side->lost(why);
}

void Connection::put_off(const std::string& why, milliseconds wait) {
  log_(LogLevel::warn, "subscription_put_off why=\"" + why + "\" retry_ms=" + std::to_string(wait.count()));
}

void Connection::refused(v1::RefusedReason reason, const std::string& text) {
  log_(LogLevel::error, "refused broker=" + session_.broker() + " why=\"" + text + "\"");
  for (auto* side : sides_) side->refused(reason, text);
}

void Connection::left() {
  ended_ = true;
}

}  // namespace reel::sdk
