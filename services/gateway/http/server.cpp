#include "gateway/http/server.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "config/listening.h"
#include "gateway/http/connection.h"

namespace reel::gateway {
namespace {

using asio::ip::tcp;

/// After a connection could not be taken (no more descriptors) the next is tried so much later.
constexpr auto accept_pause = std::chrono::milliseconds{50};

/// How much later than its time a deadline may be noticed.
constexpr auto look_interval = std::chrono::milliseconds{100};

struct Address {
  std::string host;
  std::string port;
};

// HOST:PORT, with [HOST] for IPv6; checked when the configuration was read.
Address split(const std::string& listen) {
  const auto colon = listen.rfind(':');
  Address address{listen.substr(0, colon), listen.substr(colon + 1)};
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  if (address.host == "*") address.host = "0.0.0.0";
  if (address.port == "*") address.port = "0";
  return address;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

// Each connection and each subscription is a descriptor; the usual soft limit of 1,024 is less than we allow.
void allow_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// What a coroutine throws would be lost.
auto said(const char* what) {
  return [what](const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      spdlog::error("{} error={}", what, error.what());
    }
  };
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(const config::Gateway& settings) : acceptor_{io_}, pause_{io_} {
    premises_.settings = settings;
  }

  ~Impl() { stop(std::chrono::milliseconds{0}); }

  void start(HttpDuties duties) {
    premises_.duties = std::move(duties);
    allow_descriptors();
    listen();
    asio::co_spawn(io_, accept_all(), said("accept_failed"));
    look_at_clock();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  void stop(std::chrono::milliseconds drain) {
    if (!thread_.joinable()) return;
    asio::post(io_, [this, drain] { wind_up(drain); });
    thread_.join();
  }

  void after_turn(std::function<void()> job) { asio::post(io_, std::move(job)); }

  [[nodiscard]] std::string address() const { return address_; }

  [[nodiscard]] HttpCounts counts() const {
    return {premises_.open, premises_.accepted, premises_.made_room, premises_.bodies_bytes};
  }

 private:
  void listen() {
    const auto [host, port] = split(premises_.settings.listen);
    boost::system::error_code error;
    tcp::resolver resolver{io_};
    const auto found = resolver.resolve(host, port, tcp::resolver::passive, error);
    if (error) throw std::runtime_error{cannot_listen("no such host")};
    const auto endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      throw std::runtime_error{
          config::cannot_listen_text(premises_.settings.listen, error.value(), "gateway")};
    address_ = text_of(acceptor_.local_endpoint());
  }

  [[nodiscard]] std::string cannot_listen(const std::string& why) const {
    return "cannot listen on " + premises_.settings.listen + ": " + why;
  }

  asio::awaitable<void> accept_all() {
    while (!premises_.stopping) {
      boost::system::error_code error;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted) co_return;
      if (error) {
        pause_.expires_after(accept_pause);
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (premises_.open >= premises_.settings.connections_max && !make_room()) continue;  // closes it
      auto connection = std::make_shared<Connection>(std::move(socket), premises_);
      asio::co_spawn(
          io_, [connection] { return connection->run(); }, said("connection_failed"));
    }
  }

  // Closes the one that has owed us a request the longest, so that who sends none keeps out none who does.
  bool make_room() {
    std::shared_ptr<Connection> longest;
    for (const auto& place : premises_.connections) {
      auto connection = place.lock();
      if (!connection || !connection->owing_since()) continue;
      if (!longest || *connection->owing_since() < *longest->owing_since()) longest = std::move(connection);
    }
    if (!longest) return false;
    ++premises_.made_room;
    longest->close();
    return true;
  }

  void wind_up(std::chrono::milliseconds drain) {
    premises_.stopping = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    each_connection([](Connection& connection) { connection.wind_up(); });
    end_.expires_after(drain);
    end_.async_wait([this](boost::system::error_code) {
      each_connection([](Connection& connection) { connection.close(); });
    });
    await_last();
  }

  void look_at_clock() {
    const auto now = Connection::Clock::now();
    each_connection([now](Connection& connection) { connection.look_at_clock(now); });
    clock_.expires_after(look_interval);
    clock_.async_wait([this](boost::system::error_code error) {
      if (!error) look_at_clock();
    });
  }

  void each_connection(const std::function<void(Connection&)>& visit) {
    const auto connections = premises_.connections;  // each may leave the list while we walk it
    for (const auto& place : connections) {
      if (const auto connection = place.lock()) visit(*connection);
    }
  }

  // Until every coroutine has come to its end: what they hold belongs to others, who may be gone after us.
  void await_last() {
    if (premises_.open == 0) return io_.stop();
    poll_.expires_after(std::chrono::milliseconds{5});
    poll_.async_wait([this](boost::system::error_code) { await_last(); });
  }

  Premises premises_;  // outlives the connections, which io_ destroys
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::steady_timer end_{io_};
  asio::steady_timer poll_{io_};
  asio::steady_timer clock_{io_};
  std::string address_;
  std::thread thread_;
};

HttpServer::HttpServer(const config::Gateway& settings) : impl_{std::make_unique<Impl>(settings)} {}
HttpServer::~HttpServer() = default;

void HttpServer::start(HttpDuties duties) {
  impl_->start(std::move(duties));
}
void HttpServer::stop(std::chrono::milliseconds drain) {
  impl_->stop(drain);
}
void HttpServer::after_turn(std::function<void()> job) {
  impl_->after_turn(std::move(job));
}
std::string HttpServer::address() const {
  return impl_->address();
}
HttpCounts HttpServer::counts() const {
  return impl_->counts();
}

}  // namespace reel::gateway
