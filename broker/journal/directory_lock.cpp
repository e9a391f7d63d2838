#include "journal/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace reel::broker {

namespace {

File open_lock(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw JournalError{disk_sentence("make", directory, error.value())};
  return File::open(directory / "lock", File::Mode::lock);
}

std::string owner_of(const File& lock) {
  char text[32];
  std::string_view pid{text, lock.read(text, 0)};
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  return pid.empty() ? std::string{} : " (pid " + std::string{pid} + ")";
}

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& directory) : file_{open_lock(directory)} {
  if (::flock(file_.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw JournalError{disk_sentence("lock", file_.path(), errno)};
    throw JournalError{directory.string() + ": already used by another broker" + owner_of(file_)};
  }
  // For whoever is refused. The lock is flock's: the text of a broker that is gone keeps nobody out.
  file_.truncate(0);
  file_.write(std::to_string(::getpid()), 0);
}

}  // namespace reel::broker
