// Posts to a server that answers well, badly, late, without end and not at all.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "outward/http_post.h"

using namespace reel::outward;
using namespace std::chrono_literals;

namespace {

/// More than anything here needs, so that a test that uses it up has failed.
constexpr std::chrono::seconds long_time{30};

/// Listens on a port of the system's choice and lets `serve` have each connection.
class Server {
 public:
  explicit Server(std::function<void(int fd, const std::stop_token&)> serve)
      : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd_, 8) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread{[this, serve = std::move(serve)](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd one{fd_, POLLIN, 0};
        if (poll(&one, 1, 10) <= 0) continue;
        const int connection = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        serve(connection, stop);
        close(connection);
      }
    }};
  }
  ~Server() {
    thread_ = {};
    close(fd_);
  }
  [[nodiscard]] std::string url(const std::string& path = "/reel") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  int fd_;
  int port_ = 0;
  std::jthread thread_;
};

/// Everything up to the end of a request with a body.
std::string read_request(int fd) {
  std::string request;
  char buffer[4'096];
  while (true) {
    const auto head = request.find("\r\n\r\n");
    const auto length = request.find("Content-Length: ");
    if (head != std::string::npos && length != std::string::npos &&
        request.size() >= head + 4 + std::stoul(request.substr(length + 16)))
      return request;
    const auto count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return request;
    request.append(buffer, static_cast<std::size_t>(count));
  }
}

bool put(int fd, std::string_view text) {
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// A server that answers so.
auto answering(std::string answer, std::string* request = nullptr) {
  return [answer = std::move(answer), request](int fd, const std::stop_token&) {
    auto got = read_request(fd);
    if (request != nullptr) *request = std::move(got);
    (void)put(fd, answer);
  };
}

/// The text without the address, which differs from run to run.
std::string posted(const Server& server, std::chrono::milliseconds timeout = long_time,
                   const std::stop_token& stop = {}) {
  const auto sent = post({.url = server.url(), .body = R"({"a":1})"}, {.timeout = timeout}, stop);
  const auto sentence = sent.sentence();
  const auto begin = sentence.find("' ");
  REQUIRE(begin != std::string::npos);
  return (sent.ok() ? "ok " : "failed ") + sentence.substr(begin + 2);
}

}  // namespace

TEST_CASE("the JSON is posted to path and query as they stand in the URL") {
  std::string request;
  {
    const Server server{answering("HTTP/1.1 204 No Content\r\n\r\n", &request)};
    const auto sent =
        post({.url = server.url("/a%20b?x=%41"), .body = R"({"a":1})"}, {.timeout = long_time}, {});
    CHECK(sent.ok());
    CHECK(sent.sentence() == "'" + server.url("/…") + "' answered 204");
  }
  CHECK(request.starts_with("POST /a%20b?x=%41 HTTP/1.1\r\n"));
  CHECK(request.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("2xx is success, everything else says what was answered") {
  CHECK(posted(Server{answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")}) ==
        "ok answered 200: 'ok'");
  CHECK(posted(Server{answering("HTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\na\x1b\xff\nb\0c")}) ==
        R"(failed answered 500: 'a\x1b\xff\x0ab')");
  CHECK(posted(Server{
            answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")}) ==
        "failed answered 302 (redirects are not followed)");
}

TEST_CASE("who does not listen, or hangs up, is not reached") {
  std::string url;
  std::string shown;
  {
    const Server gone{answering("")};
    url = gone.url();
    shown = gone.url("/…");
  }
  const auto sent = post({.url = url, .body = "{}"}, {.timeout = long_time}, {});
  CHECK(!sent.ok());
  CHECK(sent.sentence() == "'" + shown + "' cannot be connected to");
  CHECK(posted(Server{answering("")}) == "failed ended the connection without an answer");
  CHECK(posted(Server{answering("garbage\r\n\r\n")}).starts_with("failed "));
  CHECK(posted(Server{answering(std::string(100'000, 'x'))}).starts_with("failed "));
}

TEST_CASE("a server that hangs up before it has read everything is an error and no more") {
  signal(SIGPIPE, SIG_IGN);
  const Server server{[](int fd, const std::stop_token&) {
    char first = 0;
    (void)recv(fd, &first, 1, 0);
    const linger at_once{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }};
  const auto sent =
      post({.url = server.url(), .body = std::string(8 << 20, 'x')}, {.timeout = long_time}, {});
  CHECK(!sent.ok());
  CHECK(sent.sentence().find("' ended the connection") != std::string::npos);
}

TEST_CASE("a server that never answers is given up") {
  const Server server{[](int fd, const std::stop_token& stop) {
    (void)read_request(fd);
    while (!stop.stop_requested() && recv(fd, nullptr, 0, MSG_PEEK | MSG_DONTWAIT) != 0) poll(nullptr, 0, 5);
  }};
  CHECK(posted(server, 300ms) == "failed did not answer within 300 ms");
}

TEST_CASE("a server that sends a byte now and then is given up when the whole time is over") {
  const Server server{[](int fd, const std::stop_token& stop) {
    (void)read_request(fd);
    if (!put(fd, "HTTP/1.1 200 OK\r\nX-Slow: ")) return;
    while (!stop.stop_requested() && put(fd, "x")) poll(nullptr, 0, 20);
  }};
  CHECK(posted(server, 400ms) == "failed did not answer within 400 ms");
}

TEST_CASE("a body without end is not read, and what its head said counts") {
  const auto endless = [](const std::string& head) {
    return [head](int fd, const std::stop_token& stop) {
      (void)read_request(fd);
      if (!put(fd, head)) return;
      const std::string much(10'000, 'x');
      while (!stop.stop_requested() && put(fd, much)) {
      }
    };
  };
  const std::string told = ": '" + std::string(200, 'x') + "…'";
  CHECK(posted(Server{endless("HTTP/1.1 200 OK\r\n\r\n")}) == "ok answered 200" + told);
  CHECK(posted(Server{endless("HTTP/1.1 503 No\r\nContent-Length: 99999999999\r\n\r\n")}) ==
        "failed answered 503" + told);
}

TEST_CASE("a stop ends a post soon") {
  std::stop_source stop;
  const Server server{[&](int fd, const std::stop_token& over) {
    (void)read_request(fd);
    stop.request_stop();
    while (!over.stop_requested() && recv(fd, nullptr, 0, MSG_PEEK | MSG_DONTWAIT) != 0) poll(nullptr, 0, 5);
  }};
  CHECK(posted(server, long_time, stop.get_token()) == "failed was given up: the program is stopping");
}
