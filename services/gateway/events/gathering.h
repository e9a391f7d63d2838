// Lets small requests travel together: what comes within one turn of the server's thread, or while others are
// under way to the broker, goes at once when the turn ends, or when those are answered. The broker commits in
// groups, so an event that comes while a commit is under way is in the next one either way; but one frame for
// many wakes each thread on its path once.
//
//   Gathering gathering{[&](auto job) { server.after_turn(job); }};
//   gathering.offer([=] { intake->offer(to, [=] { gathering.answered(); … }); });
//
// Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace reel::gateway {

class Gathering {
 public:
  using Offer = std::function<void()>;
  using Later = std::function<void(std::function<void()>)>;

  /// What may wait at a time: about a frame's worth. Beyond it all goes at once, and is the publisher's to
  /// refuse.
  struct Limits {
    std::size_t requests = 1'000;
    std::size_t bytes = 256u << 10;
  };
  /// `after_turn` calls what it is given after the turn that is under way, on any thread.
  explicit Gathering(Later after_turn) : Gathering{std::move(after_turn), Limits{}} {}
  Gathering(Later after_turn, Limits limits) : after_turn_{std::move(after_turn)}, limits_{limits} {}

  /// Calls `offer`, for a request of so many bytes, now or later, on any thread; answered() is owed for it.
  void offer(std::size_t bytes, Offer offer);
  /// One that was offered has been answered.
  void answered();
  /// What waits goes, and nothing waits from now on: before the publisher ends.
  void stop();

 private:
  enum class When : std::uint8_t { nothing_is_under_way, now };
  void release(When when);

  const Later after_turn_;
  std::mutex mutex_;
  Limits limits_;
  std::size_t under_way_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::vector<Offer> waiting_;
};

}  // namespace reel::gateway
