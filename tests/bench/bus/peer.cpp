#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

#include "peers.h"

namespace reel::bench {
namespace {

using Maker = std::unique_ptr<Peer> (*)();

const std::vector<std::pair<std::string, Maker>>& makers() {
  static const std::vector<std::pair<std::string, Maker>> all{
      {"reel", [] { return make_reel(false); }},
      {"reel+tracker", [] { return make_reel(true); }},
      {"zmq_proxy", make_zmq_proxy},
#ifdef REEL_BENCH_NATS
      {"nats", make_nats},
      {"jetstream-push", [] { return make_jetstream(Fetching::push); }},
      {"jetstream-pull", [] { return make_jetstream(Fetching::pull); }},
#endif
#ifdef REEL_BENCH_REDIS
      {"redis-streams", make_redis_streams},
#endif
  };
  return all;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

std::vector<std::string> peer_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::unique_ptr<Peer> make_peer(std::string_view name) {
  for (const auto& [known, maker] : makers()) {
    if (known == name) return maker();
  }
  throw std::invalid_argument{"there is no peer '" + std::string{name} + "'"};
}

std::string free_endpoint(const Task& task, const std::string& name) {
  if (task.over_ipc) return "ipc://" + task.dir.text() + "/" + name;
  return "tcp://127.0.0.1:" + std::to_string(free_port());
}

namespace {

int port_of_the_system() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error{"no port is free on the loopback"};
  return ntohs(address.sin_port);
}

}  // namespace

// Never the same one twice: the system may name one again as long as nobody listens there.
int free_port() {
  static std::set<int> given;
  for (int tries = 0; tries < 100; ++tries) {
    const int port = port_of_the_system();
    if (given.insert(port).second) return port;
  }
  throw std::runtime_error{"no second port is free on the loopback"};
}

bool answers(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

int port_of(std::string_view endpoint) {
  const std::string_view digits = endpoint.substr(endpoint.rfind(':') + 1);
  int port = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

std::string program_in_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders{std::string{path == nullptr ? "" : path} + ":/usr/sbin"};
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

}  // namespace reel::bench
