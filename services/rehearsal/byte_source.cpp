#include "rehearsal/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace reel::rehearsal {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::string_view gzip_magic = "\x1f\x8b";
/// zlib's way of saying: gzip's frame, the largest window.
constexpr int gzip_window_bits = 15 + 16;

[[noreturn]] void cannot_read(const std::string& path, int error) {
  throw HistoryError{path + ": cannot be read: " + (error == ENOENT ? "no such file" : std::strerror(error))};
}

/// A file that is open as long as somebody reads it.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : descriptor_{path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    if (descriptor_ < 0) cannot_read(path, errno);
  }
  ~OpenFile() {
    if (descriptor_ != STDIN_FILENO) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

ByteSource bytes_of(const std::string& path) {
  return [path, file = std::make_shared<OpenFile>(path)](std::span<char> to) {
    for (;;) {
      const ssize_t got = ::read(file->descriptor(), to.data(), to.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) cannot_read(path, errno);
    }
  };
}

struct Unpacked::Inflation {
  Inflation() {
    if (inflateInit2(&stream, gzip_window_bits) != Z_OK) throw std::bad_alloc{};
  }
  ~Inflation() { inflateEnd(&stream); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  z_stream stream{};
  bool inside = true;  // a member
};

Unpacked::Unpacked(ByteSource source) : source_{std::move(source)}, block_(block_bytes) {}

Unpacked::~Unpacked() = default;

std::size_t Unpacked::read(std::span<char> to) {
  if (!std::exchange(begun_, true)) begin();
  if (inflation_) return inflated(to);
  if (rest_.empty()) return source_(to);
  const std::size_t count = std::min(rest_.size(), to.size());
  std::copy_n(rest_.data(), count, to.data());
  rest_.remove_prefix(count);
  return count;
}

// A pipe may hand over the first two bytes one by one.
void Unpacked::begin() {
  std::size_t have = 0;
  while (have < gzip_magic.size()) {
    const std::size_t got = source_(std::span{block_}.subspan(have));
    if (got == 0) break;
    have += got;
  }
  rest_ = {block_.data(), have};
  if (rest_.starts_with(gzip_magic)) inflation_ = std::make_unique<Inflation>();
}

bool Unpacked::refill() {
  if (rest_.empty()) rest_ = {block_.data(), source_(block_)};
  return !rest_.empty();
}

std::size_t Unpacked::inflated(std::span<char> to) {
  z_stream& stream = inflation_->stream;
  while (damage_.empty()) {
    if (!inflation_->inside && !next_member()) return 0;
    if (!refill()) return give_up("the gzip data ends in the middle");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream.avail_in = static_cast<uInt>(rest_.size());
    stream.next_out = reinterpret_cast<Bytef*>(to.data());
    stream.avail_out = static_cast<uInt>(to.size());
    const int outcome = inflate(&stream, Z_NO_FLUSH);
    rest_ = rest_.substr(rest_.size() - stream.avail_in);
    if (outcome == Z_STREAM_END) inflation_->inside = false;
    const std::size_t made = to.size() - stream.avail_out;
    if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR)
      damage_ = "the gzip data is damaged";
    if (made > 0) return made;
  }
  return 0;
}

// Whether another member follows the one that ended.
bool Unpacked::next_member() {
  if (!refill()) return false;
  if (rest_.front() != gzip_magic.front()) {
    damage_ = "what follows the gzip data is something else";
    return false;
  }
  inflation_->inside = inflateReset(&inflation_->stream) == Z_OK;
  return inflation_->inside;
}

std::size_t Unpacked::give_up(std::string why) {
  damage_ = std::move(why);
  return 0;
}

}  // namespace reel::rehearsal
