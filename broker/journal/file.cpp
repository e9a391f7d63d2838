#include "journal/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace reel::broker {

namespace {

[[noreturn]] void fail(std::string_view verb, const std::filesystem::path& path, int error = errno) {
  throw JournalError{disk_sentence(verb, path, error)};
}

std::string_view remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "free some, or move broker.data to a larger disk";
    case EFBIG: return "raise the limit on file sizes (ulimit -f), or lower broker.journal.segment_bytes";
    case EACCES:
    case EPERM: return "let the broker's user read and write it";
    case EROFS: return "mount it writable, or move broker.data";
    case EIO: return "the disk is failing: move broker.data to another one";
    case EMFILE:
    case ENFILE: return "raise the limit on open files (ulimit -n)";
    case EISDIR: return "a file belongs there: move the directory away";
    case ENOTDIR: return "a directory belongs there: move the file away, or move broker.data";
    default: return {};
  }
}

int flags_of(File::Mode mode) {
  switch (mode) {
    case File::Mode::read: return O_RDONLY;
    case File::Mode::read_write: return O_RDWR;
    case File::Mode::create: return O_RDWR | O_CREAT | O_TRUNC;
    case File::Mode::lock: return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

}  // namespace

std::string disk_sentence(std::string_view verb, const std::filesystem::path& path, int error) {
  std::string text{"cannot "};
  text.append(verb).append(" ").append(path).append(": ").append(std::generic_category().message(error));
  if (const auto next = remedy(error); !next.empty()) text.append("; ").append(next);
  return text;
}

File File::open(std::filesystem::path path, Mode mode) {
  constexpr mode_t for_owner = 0640;
  const int fd = ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, for_owner);
  if (fd < 0) fail("open", path);
  File file{fd, std::move(path)};
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("look at", file.path_);
  if (S_ISDIR(status.st_mode)) fail("open", file.path_, EISDIR);
  return file;
}

File::File(File&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, path_{std::move(other.path_)} {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) fail("look at", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t File::read(std::span<char> into, std::uint64_t position) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got =
        ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(position + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::optional<std::uint64_t> File::next_data(std::uint64_t position) const {
  const auto at = ::lseek(fd_, static_cast<off_t>(position), SEEK_DATA);
  if (at >= 0) return static_cast<std::uint64_t>(at);
  if (errno == ENXIO) return std::nullopt;
  if (errno != EINVAL) fail("read", path_);
  return position;  // the file system cannot tell
}

void File::write(std::span<iovec> pieces, std::uint64_t position) {
  while (!pieces.empty()) {
    const auto count = std::min<std::size_t>(pieces.size(), IOV_MAX);
    const auto wrote = ::pwritev(fd_, pieces.data(), static_cast<int>(count), static_cast<off_t>(position));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail("write", path_);
    position += static_cast<std::uint64_t>(wrote);
    auto left = static_cast<std::size_t>(wrote);
    while (!pieces.empty() && left >= pieces.front().iov_len) {
      left -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (left > 0) {  // the system took a part of this one
      pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + left;
      pieces.front().iov_len -= left;
    }
  }
}

void File::write(std::string_view bytes, std::uint64_t position) {
  iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  write({&piece, 1}, position);
}

void File::sync() {
  if (::fdatasync(fd_) != 0) fail("sync", path_);
}

void File::reserve(std::uint64_t bytes) {
  int error = 0;
  do error = ::posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
  while (error == EINTR);
  if (error != 0) fail("reserve " + std::to_string(bytes) + " bytes for", path_, error);
}

void File::truncate(std::uint64_t bytes) {
  if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) fail("shorten", path_);
}

void File::rename(std::filesystem::path path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) fail("rename", path_);
  path_ = std::move(path);
}

void sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open", directory);
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) fail("sync", directory, error);
}

void remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("delete", path);
}

}  // namespace reel::broker
