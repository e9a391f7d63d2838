// A few threads for what takes time, with a queue that has an end.
//
//   Crew queries{{.threads = 8, .waiting_max = 128}};
//   if (!queries.take([exchange](std::size_t) { exchange->answer(…); })) exchange->answer(problem(503, …));
//
// Jobs must not throw. take() may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace reel::gateway {

struct CrewSize {
  std::size_t threads = 1;
  std::size_t waiting_max = 0;  ///< jobs beyond those that are under way
};

class Crew {
 public:
  /// Is told which of the threads it runs on, from 0: for what must not be shared between two.
  using Job = std::function<void(std::size_t thread)>;

  explicit Crew(CrewSize size);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// False where as many wait as may.
  [[nodiscard]] bool take(Job job);
  /// Lets the jobs that run end, and drops the rest; from then on none is taken.
  void stop();

 private:
  void work(std::size_t thread);

  const CrewSize size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::size_t idle_ = 0;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace reel::gateway
