// Clients of the real gateway, good ones and bad ones, for the tests that speak HTTP.
//
//   Gateway gateway{mesh, "connections_max: 20"};
//   CHECK(gateway.place("order-7").status == 202);
//   const Reader reader{gateway, "/v1/events/stream?topics=order.placed"};
//   REQUIRE(reader.got(1));
#pragma once

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "mesh.h"

namespace reel::test {

/// A gateway, and how it is asked.
class Gateway {
 public:
  /// `options` are the command line's. `settings` are added to its part of the mesh's file, in a file of its
  /// own.
  explicit Gateway(Mesh& mesh, const std::string& settings = "", std::vector<std::string> options = {})
      : mesh_{mesh}, options_{std::move(options)} {
    std::string yaml = read_file(mesh.config_path());
    const std::string listen = "listen: \"127.0.0.1:*\"";
    if (!settings.empty()) yaml.insert(yaml.find(listen) + listen.size(), ", " + settings);
    write_file(config_path(), yaml);
    start();
  }

  void start() {
    static std::atomic<int> runs{0};
    std::vector<std::string> arguments{"-c", config_path(), "--log-level", "debug"};
    arguments.insert(arguments.end(), options_.begin(), options_.end());
    process_ = mesh_.start("reel-gateway", arguments, "gateway" + std::to_string(++runs));
    if (!process_->says(" ready listen=")) throw std::runtime_error{"no gateway:\n" + process_->output()};
    const auto line = line_with(process_->output(), "ready listen=127.0.0.1:");
    port_ = std::stoi(line.substr(std::string{"ready listen=127.0.0.1:"}.size()));
  }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] httplib::Client client() const {
    httplib::Client client{"127.0.0.1", port_};
    client.set_read_timeout(30);
    return client;
  }
  /// Status and body; the body is null where it is no JSON.
  struct Answer {
    int status = 0;
    nlohmann::json body;
    httplib::Headers headers;
  };
  [[nodiscard]] Answer post(const std::string& path, const httplib::Headers& headers, const std::string& body,
                            const std::string& type) const {
    auto http = client();
    return answer(http.Post(path, headers, body, type));
  }
  [[nodiscard]] Answer get(const std::string& path, const httplib::Headers& headers = {}) const {
    auto http = client();
    return answer(http.Get(path, headers));
  }
  /// One event in the short form.
  [[nodiscard]] Answer place(const std::string& order, const std::string& more = "") const {
    return post("/v1/events", {},
                R"({"type":"order.placed","data":{"orderId":")" + order + "\"}" + more + "}",
                "application/json");
  }

 private:
  [[nodiscard]] std::string config_path() const { return (mesh_.dir() / "gateway.yaml").string(); }
  static Answer answer(const httplib::Result& result) {
    if (!result) return {};
    return {result->status, nlohmann::json::parse(result->body, nullptr, false), result->headers};
  }
  Mesh& mesh_;
  std::vector<std::string> options_;
  std::unique_ptr<Process> process_;
  int port_ = 0;
};

/// A connection on which anything may be sent.
class Raw {
 public:
  /// `takes`: bytes that the system takes for it before it reads; 0: as the system likes.
  explicit Raw(int port, int takes = 0) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (takes > 0) take(takes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"cannot connect"};
    const timeval limit{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Raw() { ::close(socket_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  [[nodiscard]] int socket() const { return socket_; }
  void take(int bytes) const { ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }
  void send(const std::string& text) const { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// All that comes until the other side closes.
  [[nodiscard]] std::string rest() const {
    std::string text;
    char bytes[4096];
    while (true) {
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) return text;
      text.append(bytes, static_cast<std::size_t>(got));
    }
  }
  /// All that comes up to this text and the rest of its event; less where it does not come.
  [[nodiscard]] std::string until(const std::string& wanted) const {
    std::string text;
    char bytes[4096];
    while (true) {
      const auto at = text.find(wanted);
      if (at != text.npos && text.find("\n\n", at) != text.npos) return text;
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) return text;
      text.append(bytes, static_cast<std::size_t>(got));
    }
  }
  [[nodiscard]] bool closed() const {
    char byte;
    const auto got = ::recv(socket_, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
};

inline int status_in(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

/// A client of the event stream that reads in the background.
class Reader {
 public:
  Reader(const Gateway& gateway, const std::string& path, httplib::Headers headers = {})
      : client_{gateway.client()}, thread_{[this, path, headers] {
          const auto result = client_.Get(
              path, headers,
              [this](const httplib::Response& response) {
                status_ = response.status;
                return true;
              },
              [this](const char* data, std::size_t size) {
                const std::lock_guard lock{mutex_};
                text_.append(data, size);
                return true;
              });
          ended_ = true;
        }} {}
  ~Reader() {
    client_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock{mutex_};
    return text_;
  }
  /// The events that came so far.
  [[nodiscard]] std::vector<nlohmann::json> events() const {
    std::vector<nlohmann::json> some;
    std::istringstream lines{text()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("data: ")) some.push_back(nlohmann::json::parse(line.substr(6), nullptr, false));
    }
    return some;
  }
  [[nodiscard]] std::size_t came() const {
    const std::lock_guard lock{mutex_};
    for (std::size_t at = 0; (at = text_.find("\ndata: ", counted_)) != text_.npos; counted_ = at + 1)
      ++came_;
    return came_;
  }
  [[nodiscard]] std::string last_id() const {
    const auto all = text();
    const auto begin = all.rfind("id: ") + 4;
    return all.substr(begin, all.find('\n', begin) - begin);
  }
  [[nodiscard]] bool open() const {
    return eventually([this] { return status_ != 0; }) && status_ == 200;
  }
  [[nodiscard]] bool got(std::size_t count) const {
    return eventually([&] { return came() >= count; });
  }
  [[nodiscard]] bool ended() const {
    return eventually([this] { return ended_.load(); });
  }
  [[nodiscard]] int status() const { return status_; }

 private:
  httplib::Client client_;
  mutable std::mutex mutex_;
  std::string text_;
  mutable std::size_t counted_ = 0;  // up to there `came_` says how many
  mutable std::size_t came_ = 0;
  std::atomic<int> status_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// How many events were published on order.placed.
inline std::size_t placed(Mesh& mesh) {
  const auto topics = mesh.rows({"topics"});
  for (const auto& topic : topics) {
    if (topic["topic"] == "order.placed") return topic["published"];
  }
  return 0;
}

}  // namespace reel::test
