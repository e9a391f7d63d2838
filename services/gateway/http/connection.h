// One client's connection: requests in, one after the other, and their answers out.
//
// Only the server's thread runs in here, except where a function says that any may.
#pragma once

#include <utility>  // asio forgets it

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "config/model.h"
#include "gateway/http/exchange.h"
#include "gateway/http/server.h"

namespace reel::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;

class Connection;

/// What connections share.
struct Premises {
  config::Gateway settings;
  HttpDuties duties;
  std::list<std::weak_ptr<Connection>> connections;
  bool stopping = false;
  // Read by others too.
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> made_room{0};
  std::atomic<std::uint64_t> bodies_bytes{0};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Parser = beast::http::request_parser<beast::http::string_body>;

  /// What becomes of the connection after an answer. One that speaks HTTP/1.0 must be told that it stays.
  enum class Afterwards : std::uint8_t { closes, stays, stays_if_told };

  Connection(asio::ip::tcp::socket socket, Premises& premises);
  ~Connection();

  /// Its whole life.
  asio::awaitable<void> run();
  /// Since when the client owes us the rest of a request; nothing while it is we who owe.
  [[nodiscard]] std::optional<Clock::time_point> owing_since() const { return owing_since_; }
  /// Ends what it waits for.
  void close();
  /// To be called now and then: ends what has taken too long. A timer for each step of each request would
  /// cost more than the step.
  void look_at_clock(Clock::time_point now);
  /// Nothing after the answer that is under way.
  void wind_up();

 private:
  class Turn;

  asio::awaitable<bool> await_first_byte();
  asio::awaitable<boost::system::error_code> parse_some(Parser& parser);
  asio::awaitable<bool> serve_one();
  asio::awaitable<std::optional<HttpResponse>> read_head(Parser& parser, HttpRequest& request);
  asio::awaitable<std::optional<HttpResponse>> read_body(Parser& parser, HttpRequest& request);
  [[nodiscard]] Afterwards afterwards(const Parser& parser) const;
  /// Whether there may be another request.
  asio::awaitable<bool> answer(HttpResponse response, Afterwards afterwards, bool head_only);
  asio::awaitable<void> await_answer(const std::shared_ptr<Turn>& turn);
  asio::awaitable<int> stream(const std::shared_ptr<Turn>& turn, bool head_only);
  asio::awaitable<bool> write_stream_head(const HttpResponse& head);
  asio::awaitable<bool> write_text(const std::string& text);
  asio::awaitable<void> linger();
  void watch_for_hang_up();
  void allow(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }
  [[nodiscard]] bool take_bytes(std::uint64_t bytes);
  void give_back_bytes();

  Premises& premises_;
  asio::ip::tcp::socket socket_;
  beast::flat_buffer buffer_;
  std::optional<Clock::time_point> owing_since_;
  std::optional<Clock::time_point> deadline_;  // of what the client is to do
  std::uint64_t held_bytes_ = 0;
  std::size_t requests_ = 0;
  bool closed_ = false;
  bool winding_up_ = false;
  std::shared_ptr<Turn> turn_;  // the request that is being answered
  std::list<std::weak_ptr<Connection>>::iterator place_;
};

}  // namespace reel::gateway
