// HTTP under load, among a crowd that listens and clients that mean no good: nothing is lost, memory has an
// end, and the bus's own clients are served meanwhile. How fast it is, tests/bench/http_bench.cpp tells.
#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>

#include "http_clients.h"

using namespace reel::test;

namespace {

constexpr std::size_t streams = 200;
constexpr std::size_t slow_clients = 50;
constexpr std::size_t publishers = 8;
constexpr std::size_t events_each = 500;

/// Streams that are read by one thread; each counts what it got.
class Audience {
 public:
  explicit Audience(const Gateway& gateway) {
    for (std::size_t i = 0; i < streams; ++i) {
      clients_.push_back(std::make_unique<Raw>(gateway.port()));
      clients_.back()->send("GET /v1/events/stream?topics=order.placed HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (const auto& client : clients_) CHECK(status_in(client->until(": reel\n")) == 200);
    ids_.resize(streams);
    reading_ = std::thread{[this] { read(); }};
  }
  ~Audience() {
    over_ = true;
    reading_.join();
  }
  /// How many got exactly so many events.
  [[nodiscard]] std::size_t with(std::size_t count) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count(ids_.begin(), ids_.end(), count));
  }

  /// What else came than events: of a stream that was cut off, say.
  [[nodiscard]] std::string told() const {
    const std::lock_guard lock{mutex_};
    return told_;
  }

 private:
  void read() {
    std::vector<pollfd> items;
    for (const auto& client : clients_) items.push_back({client->socket(), POLLIN, 0});
    std::vector<std::string> tails(streams, "\n");  // where a piece may have been cut
    std::string bytes(256 << 10, '\0');
    while (!over_) {
      if (::poll(items.data(), items.size(), 100) <= 0) continue;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].revents == 0) continue;
        const auto got = ::recv(items[i].fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) {
          items[i].fd = -1;
          const std::lock_guard lock{mutex_};
          told_ += "closed\n";
          continue;
        }
        const std::string text = tails[i] + bytes.substr(0, static_cast<std::size_t>(got));
        const std::string begin = "\nid: ";
        std::size_t found = 0;
        for (std::size_t at = 0; (at = text.find(begin, at)) != text.npos; ++at) ++found;
        tails[i] = text.substr(text.size() - std::min(text.size(), begin.size() - 1));
        const std::lock_guard lock{mutex_};
        ids_[i] += found;
        if (const auto at = text.find("event: "); at != text.npos) told_ += text.substr(at, 200);
      }
    }
  }

  std::vector<std::unique_ptr<Raw>> clients_;
  mutable std::mutex mutex_;
  std::vector<std::size_t> ids_;
  std::string told_;
  std::atomic<bool> over_{false};
  std::thread reading_;
};

std::size_t resident_mib(pid_t pid) {
  std::istringstream text{read_file("/proc/" + std::to_string(pid) + "/statm")};
  std::size_t size = 0;
  std::size_t resident = 0;
  text >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

}  // namespace

TEST_CASE("under load, with a crowd and hostile clients, nothing is lost and the bus is served") {
  Mesh mesh;
  mesh.start_broker();
  // All of it fits: how slow the audience may be is not what is asked here.
  Gateway gateway{mesh, "stream_backlog_bytes: 16MiB, connections_max: 300"};
  const Audience audience{gateway};
  std::vector<std::unique_ptr<Raw>> slow;
  for (std::size_t i = 0; i < slow_clients; ++i) {
    slow.push_back(std::make_unique<Raw>(gateway.port()));
    slow.back()->send("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  }
  std::atomic<std::size_t> accepted{0};
  std::vector<std::thread> publishing;
  for (std::size_t i = 0; i < publishers; ++i) {
    publishing.emplace_back([&, i] {
      auto client = gateway.client();
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);  // it sends head and body apart
      for (std::size_t n = 0; n < events_each; ++n) {
        const auto order = std::to_string(i) + "-" + std::to_string(n);
        const auto result =
            client.Post("/v1/events", R"({"type":"order.placed","data":{"orderId":")" + order + "\"}}",
                        "application/json");
        if (result && result->status == 202) ++accepted;
      }
    });
  }
  // Who speaks to the bus itself meanwhile.
  for (int i = 0; i < 10; ++i) {
    for (const auto& client : slow) client->send("x");
    CHECK(mesh.reel({"pub", "payment.captured", "{}"}).exit_code == 0);
  }
  for (auto& thread : publishing) thread.join();
  const std::size_t all = publishers * events_each;
  CHECK(accepted == all);
  CHECK(placed(mesh) == all);
  CHECK(eventually([&] { return audience.with(all) == streams; }));
  CHECK(audience.told() == "");
  CHECK(resident_mib(gateway.process().pid()) < 200);
}
