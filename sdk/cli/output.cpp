#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace reel::cli {

void Output::line(std::string_view text) {
  gathered_.append(text).push_back('\n');
  if (terminal_.interactive() || gathered_.size() >= gathered_bytes_max) flush();
}

void Output::lines(const std::vector<std::string>& lines) {
  for (const std::string& text : lines) line(text);
}

void Output::part(std::string_view text) {
  gathered_.append(text);
  if (gathered_.size() >= gathered_bytes_max) flush();
}

void Output::raw(std::string_view text) {
  gathered_.append(text);
  flush();
}

void Output::flush() {
  const std::string text = std::exchange(gathered_, {});
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(descriptor_, text.data() + written, text.size() - written);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EPIPE) {
      throw OutputClosed{};
    } else if (errno != EINTR) {
      throw std::system_error{errno, std::generic_category(), "cannot write the output"};
    }
  }
}

bool Output::reader_gone() const {
  pollfd watched{descriptor_, 0, 0};
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & POLLERR) != 0;
}

}  // namespace reel::cli
