#include "failing_sync.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

namespace {

std::atomic<bool> failing{false};
std::atomic<bool> hanging{false};
std::atomic<std::uint64_t> lost_from{UINT64_MAX};
std::atomic<std::uint64_t> made{0};

// What a kernel leaves that gave up its dirty pages: what was on the disk before, which is zeros.
void lose_pages(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto from = lost_from.load();
  if (from >= size) return;
  const std::string zeros(size - from, '\0');
  [[maybe_unused]] const auto wrote = ::pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(from));
}

}  // namespace

// In place of the C library's: the linker finds this one first.
extern "C" int fdatasync(int fd) {
  hanging.wait(true);
  if (!failing) {
    const auto result = static_cast<int>(::syscall(SYS_fdatasync, fd));
    if (result == 0) made.fetch_add(1), made.notify_all();
    return result;
  }
  lose_pages(fd);
  errno = EIO;
  return -1;
}

namespace reel::broker {

FailingSync::FailingSync(std::optional<std::uint64_t> from) {
  lost_from = from.value_or(UINT64_MAX);
  failing = true;
}

FailingSync::~FailingSync() {
  failing = false;
}

HangingSync::HangingSync() {
  hanging = true;
}

HangingSync::~HangingSync() {
  hanging = false;
  hanging.notify_all();
}

std::uint64_t syncs_made() {
  return made;
}

void wait_for_more_syncs(std::uint64_t than) {
  made.wait(than);
}

}  // namespace reel::broker
