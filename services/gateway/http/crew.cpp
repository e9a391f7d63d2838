#include "gateway/http/crew.h"

namespace reel::gateway {

Crew::Crew(CrewSize size) : size_{size} {
  for (std::size_t i = 0; i < size_.threads; ++i) threads_.emplace_back([this, i] { work(i); });
}

Crew::~Crew() {
  stop();
}

void Crew::stop() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

bool Crew::take(Job job) {
  {
    const std::lock_guard lock{mutex_};
    if (over_ || waiting_.size() >= size_.waiting_max + idle_) return false;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Crew::work(std::size_t thread) {
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
    --idle_;
    if (over_) return;
    const Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job(thread);
    lock.lock();
  }
}

}  // namespace reel::gateway
