// The one queue between threads: what is put in on one side is taken out on the other, all at once.
//
//   Mailbox<StoredBatchPtr> inbox;
//   inbox.put(batch);                                     // any thread
//   inbox.wait(); for (auto& batch : inbox.take()) …      // the one thread that owns the other end
//
// Whoever is busy finds everything that queued up meanwhile in one take(): that is where batching comes from.
// The descriptor makes it sleep in poll() beside sockets; there is no spinning. A mailbox does not bound what
// is in it: each user says who bounds it (the journal's queue is bounded by the publishers' windows).
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace reel::broker {

template <typename Item>
class Mailbox {
 public:
  Mailbox() : fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
    if (fd_ < 0) throw std::system_error{errno, std::generic_category(), "cannot make an eventfd"};
  }
  ~Mailbox() { ::close(fd_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void put(Item item) {
    bool first;
    {
      const std::lock_guard lock{mutex_};
      first = items_.empty();
      items_.push_back(std::move(item));
    }
    if (first) ring();  // the taker empties the bell before the box, so that no ring is lost
  }
  /// Wakes who waits, for nothing in the box.
  void ring() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }

  /// Everything that was put in since the last time, in order; perhaps nothing.
  [[nodiscard]] std::vector<Item> take() {
    std::uint64_t rings;
    [[maybe_unused]] const auto read = ::read(fd_, &rings, sizeof rings);
    std::vector<Item> items;
    const std::lock_guard lock{mutex_};
    items.swap(items_);
    return items;
  }

  [[nodiscard]] bool empty() const {
    const std::lock_guard lock{mutex_};
    return items_.empty();
  }

  /// Nothing more will be put in; whoever waits wakes up.
  void close() {
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
    }
    ring();
  }
  [[nodiscard]] bool closed() const {
    const std::lock_guard lock{mutex_};
    return closed_;
  }

  /// Sleeps until take() may have something, the mailbox is closed, or the time is over. May wake for
  /// nothing.
  void wait(std::optional<std::chrono::nanoseconds> at_most = std::nullopt) {
    timespec time{};
    if (at_most) {
      const auto ns = at_most->count() > 0 ? at_most->count() : 0;
      time = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    }
    pollfd bell{.fd = fd_, .events = POLLIN, .revents = 0};
    ::ppoll(&bell, 1, at_most ? &time : nullptr, nullptr);
  }

  /// Readable while take() may have something.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const int fd_;
  mutable std::mutex mutex_;
  std::vector<Item> items_;
  bool closed_ = false;
};

}  // namespace reel::broker
