#include "identity.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "event/uuid.h"
#include "wall_clock.h"

namespace reel::sdk {
namespace {

constexpr std::size_t name_bytes_max = 128;

// What the broker would refuse, said before anything is opened.
void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty()) throw std::invalid_argument{"the service's name is empty"};
  if (name.size() > name_bytes_max) {
    throw std::invalid_argument{"the service's name is " + std::to_string(name.size()) +
                                " bytes long, at most " + std::to_string(name_bytes_max) + " are allowed"};
  }
  const auto wrong = std::find_if_not(name.begin(), name.end(), allowed);
  if (wrong == name.end()) return;
  throw std::invalid_argument{"'" + name + "' is no service's name: character at position " +
                              std::to_string(wrong - name.begin() + 1) +
                              " is not a letter, a digit, - _ or ."};
}

}  // namespace

void check_endpoint(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  const bool tcp = endpoint.starts_with("tcp://") && colon > 5 && colon + 1 < endpoint.size() &&
                   std::all_of(endpoint.begin() + static_cast<std::ptrdiff_t>(colon) + 1, endpoint.end(),
                               [](char c) { return c >= '0' && c <= '9'; });
  const bool local = (endpoint.starts_with("ipc://") && endpoint.size() > 6) ||
                     (endpoint.starts_with("inproc://") && endpoint.size() > 9);
  if (!tcp && !local) {
    throw std::invalid_argument{"'" + endpoint +
                                "' is not an endpoint such as tcp://127.0.0.1:5555 or ipc:///run/reel.sock"};
  }
}

Identity identify(const std::string& service, const Options& options) {
  check_name(service);
  if (options.brokers.empty()) throw std::invalid_argument{"no broker to connect to: the list is empty"};
  for (const auto& broker : options.brokers) check_endpoint(broker);

  // Of a UUID the last digits are random, and six of them enough to tell instances apart by eye.
  const auto made = uuid_v7(wall_clock_ns());
  const bool given = !options.instance.empty();
  return {.service = service,
          .instance = given ? options.instance : made,
          .source = service + "/" + (given ? options.instance : made.substr(made.size() - 6))};
}

v1::Hello Identity::hello() const {
  v1::Hello hello;
  hello.set_service(service);
  hello.set_instance(instance);
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) hello.set_host(host.data());
  hello.set_pid(static_cast<std::uint32_t>(getpid()));
  hello.set_sdk("reel-cpp 0.1.0");
  return hello;
}

}  // namespace reel::sdk
