// Whose turn it is on a connection: its socket, session and sides are for one thread at a time.
//
// The connection's own thread has the turn while it is awake and lets go of it only to sleep, or to run a
// handler. Meanwhile whoever has something to send takes the turn for as long as that takes, if it is to be
// had at once: then nobody need be woken for it. It never waits for the turn.
//
// What is done in a turn may lead back here, as callbacks that publish do: a thread that has the turn is told
// that it cannot have it, like any other.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

namespace reel::sdk {

/// For std::unique_lock.
class Turn {
 public:
  void lock() {
    mutex_.lock();
    holder_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  [[nodiscard]] bool try_lock() {
    // This thread's id is written by this thread alone; which other one is read does not matter.
    if (holder_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return false;
    if (!mutex_.try_lock()) return false;
    holder_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    return true;
  }
  void unlock() {
    holder_.store(std::thread::id{}, std::memory_order_relaxed);
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_{};
};

}  // namespace reel::sdk
