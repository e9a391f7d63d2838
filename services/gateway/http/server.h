// The HTTP server: connections, limits and timeouts. What is answered is decided elsewhere.
//
//   HttpServer server{settings};           // before all that answers: exchanges are the server's
//   …
//   server.start({.admit = …, .handle = …, .answered = …});    // throws where it cannot listen
//   …
//   server.stop(5s);
//
// One thread serves all connections, each a coroutine, so that a client that sends slowly, reads slowly or
// just stays costs memory by the limits of config::Gateway and nothing else. What takes time is handed on by
// `handle` and answered from there.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/model.h"
#include "gateway/http/counts.h"
#include "gateway/http/exchange.h"
#include "gateway/http/message.h"

namespace reel::gateway {

/// Called on the server's thread: must be quick.
struct HttpDuties {
  /// A request's head is there: whether to read the rest. An answer refuses it.
  std::function<std::optional<HttpResponse>(const HttpRequest& head)> admit;
  /// A request is there.
  std::function<void(std::shared_ptr<Exchange>)> handle;
  /// It was answered. 0: the head was refused before anything could be told of it.
  std::function<void(const HttpRequest&, int status, std::chrono::nanoseconds took)> answered;
};

class HttpServer {
 public:
  explicit HttpServer(const config::Gateway& settings);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Throws std::runtime_error, saying where and why, where it cannot listen.
  void start(HttpDuties duties);
  /// No more requests; those under way are answered, for at most `drain`, and then cut off. Afterwards no
  /// duty is called, and answers are for nobody.
  void stop(std::chrono::milliseconds drain);

  /// Calls it on the server's thread once what is ready now has been served. Any thread.
  void after_turn(std::function<void()> job);

  /// "127.0.0.1:8080": where it listens, once it was started.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] HttpCounts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel::gateway
