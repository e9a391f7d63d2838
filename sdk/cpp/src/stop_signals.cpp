#include "stop_signals.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <stdexcept>

namespace reel::sdk {
namespace {

// Services that run in one process at a time. One is usual; a demo may have its whole shop in it.
constexpr std::size_t services_max = 64;

std::array<std::atomic<int>, services_max> descriptors{};  // the eventfd plus 1; 0: free
std::mutex installing;
std::size_t installed = 0;
struct sigaction before_int {};
struct sigaction before_term {};

void tell_all(int) {
  const int saved = errno;
  for (const auto& descriptor : descriptors) {
    if (const int fd = descriptor.load(); fd != 0) eventfd_write(fd - 1, 1);
  }
  errno = saved;
}

}  // namespace

StopSignals::StopSignals(int fd) : slot_{0} {
  const std::lock_guard lock{installing};
  while (slot_ < services_max && descriptors[slot_] != 0) ++slot_;
  if (slot_ == services_max) throw std::runtime_error{"64 services run in this process, no more are allowed"};
  descriptors[slot_] = fd + 1;
  if (installed++ != 0) return;
  struct sigaction action {};
  action.sa_handler = tell_all;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &before_int);
  sigaction(SIGTERM, &action, &before_term);
}

StopSignals::~StopSignals() {
  const std::lock_guard lock{installing};
  descriptors[slot_] = 0;
  if (--installed != 0) return;
  sigaction(SIGINT, &before_int, nullptr);
  sigaction(SIGTERM, &before_term, nullptr);
}

}  // namespace reel::sdk
