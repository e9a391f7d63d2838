#include "page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace reel::bench {
namespace {

static_assert(Count::is_always_lock_free, "its words are shared by processes");

std::size_t keys_of(const Task& task) {
  return task.keys_per_sender() * task.senders;
}

int open_file(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error{"cannot open " + path};
  return file;
}

}  // namespace

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

Page Page::make(const std::string& path, const Task& task) {
  const int file = open_file(path, O_CREAT | O_EXCL);
  const std::size_t bytes = sizeof(Shared) + task.groups() * keys_of(task) * sizeof(Count);
  if (task.groups() > groups_max || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    ::close(file);
    throw std::runtime_error{"cannot make " + path};
  }
  Page page{file};
  page->task = task;
  (void)::sem_init(&page->senders_ready, 1, 0);
  (void)::sem_init(&page->go, 1, 0);
  return page;
}

Page Page::open(const std::string& path) {
  return Page{open_file(path, 0)};
}

Page::Page(int file) {
  struct stat status {};
  if (::fstat(file, &status) == 0) bytes_ = static_cast<std::size_t>(status.st_size);
  void* const memory = bytes_ < sizeof(Shared)
                           ? MAP_FAILED
                           : ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) throw std::runtime_error{"cannot map the run's page"};
  shared_ = static_cast<Shared*>(memory);
}

Page::~Page() {
  if (shared_ != nullptr) ::munmap(shared_, bytes_);
}

Page::Page(Page&& other) noexcept : shared_{std::exchange(other.shared_, nullptr)}, bytes_{other.bytes_} {}

std::span<Count> Page::next_of_key(std::uint32_t group) const {
  const std::size_t keys = keys_of(shared_->task);
  return {reinterpret_cast<Count*>(shared_ + 1) + group * keys, keys};
}

void wait_for(sem_t& semaphore) {
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  while (::sem_timedwait(&semaphore, &until) != 0) {
    if (errno != EINTR) throw std::runtime_error{"the other process did not come"};
  }
}

}  // namespace reel::bench
