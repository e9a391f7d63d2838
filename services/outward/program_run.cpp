#include "outward/program_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "event/quoted_text.h"

extern char** environ;

namespace reel::outward {
namespace {

using Clock = std::chrono::steady_clock;

/// How soon a stop is noticed.
constexpr std::chrono::milliseconds stop_poll{100};
/// Of a program's last line that a sentence repeats.
constexpr std::size_t told_line_max = 200;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_{fd} {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// What a program writes to one stream: the newest of it.
struct Stream {
  explicit Stream(std::size_t bytes_max) : kept_bytes_max{bytes_max} {}

  std::size_t kept_bytes_max;
  Descriptor reading;
  Descriptor writing;
  std::string kept;
  bool cut = false;

  [[nodiscard]] bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
  void read_some() {
    std::array<char, 16'384> buffer{};
    const auto count = ::read(reading.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return reading.reset();
    kept.append(buffer.data(), static_cast<std::size_t>(count));
    if (kept.size() <= kept_bytes_max) return;
    kept.erase(0, kept.size() - kept_bytes_max);
    cut = true;
  }
  // What is there already, of which a pipe holds 64 KiB; not what some heir of the program may write later.
  void read_rest() {
    for (int left = 64; left > 0 && reading.get() >= 0; --left) {
      pollfd one{reading.get(), POLLIN, 0};
      if (::poll(&one, 1, 0) <= 0) return;
      read_some();
    }
  }
};

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const auto newline = text.find_last_of('\n', end);
  const auto begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, end - begin + 1);
}

// A file in memory rather than a pipe: a program that does not read it holds up nobody.
bool put_input(Descriptor& file, const std::string& input) {
  file.reset(::memfd_create("reel-input", MFD_CLOEXEC));
  if (file.get() < 0) return false;
  for (std::size_t done = 0; done < input.size();) {
    const auto count = ::write(file.get(), input.data() + done, input.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return ::lseek(file.get(), 0, SEEK_SET) == 0;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Ours, with the given ones in place of those of the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& given) {
  std::vector<std::string> all = given;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text{*variable};
    const auto name = text.substr(0, text.find('=') + 1);
    if (std::none_of(given.begin(), given.end(),
                     [&](const std::string& one) { return one.starts_with(name); }))
      all.emplace_back(text);
  }
  return all;
}

class Running {
 public:
  explicit Running(std::size_t out_bytes_max) : out_{out_bytes_max}, err_{error_bytes_max} {}

  /// 0, or the errno of what failed.
  [[nodiscard]] int start(const std::vector<std::string>& command, const std::string& input,
                          const std::vector<std::string>& environment) {
    Descriptor file;
    if (!put_input(file, input) || !out_.open() || !err_.open()) return errno;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, file.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out_.writing.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_.writing.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    auto arguments = command;
    auto variables = environment_with(environment);
    const int error = ::posix_spawn(&pid_, arguments[0].c_str(), &actions, &attributes,
                                    pointers(arguments).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    out_.writing.reset();
    err_.writing.reset();
    if (error != 0) return error;
    ended_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    return 0;
  }

  /// Reads what it writes until it has ended; false where it was killed for taking too long.
  [[nodiscard]] bool wait(Clock::time_point deadline, const std::stop_token& stop) {
    while (!reap(WNOHANG)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0 || stop.stop_requested()) {
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);  // it may have left its group
        (void)reap(0);
        out_.read_rest();
        err_.read_rest();
        return false;
      }
      std::array<pollfd, 3> news{pollfd{ended_.get(), POLLIN, 0}, pollfd{out_.reading.get(), POLLIN, 0},
                                 pollfd{err_.reading.get(), POLLIN, 0}};
      // Without a pidfd (an old kernel) the streams' ends and the poll's own tell.
      if (::poll(news.data(), news.size(), static_cast<int>(std::min(left, stop_poll).count())) <= 0)
        continue;
      if (news[1].revents != 0) out_.read_some();
      if (news[2].revents != 0) err_.read_some();
    }
    out_.read_rest();
    err_.read_rest();
    return true;
  }

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] Stream& out() { return out_; }
  [[nodiscard]] Stream& err() { return err_; }

 private:
  bool reap(int flags) {
    pid_t ended = 0;
    do {
      ended = ::waitpid(pid_, &status_, flags);
    } while (ended < 0 && errno == EINTR);
    return ended != 0;  // an error means that there is nobody to wait for
  }

  pid_t pid_ = -1;
  int status_ = 0;
  Descriptor ended_;
  Stream out_;
  Stream err_;
};

std::string with_line(std::string text, const std::string& line) {
  return line.empty() ? text : text + ": " + in_quotes(line, told_line_max);
}

}  // namespace

std::string ProgramEnd::sentence() const {
  const std::string where = in_quotes(program, 256) + " ";
  switch (how) {
    case How::not_run: return where + "cannot be run: " + std::strerror(code);
    case How::stopped:
      return with_line(where + "was ended: the program that ran it is stopping", last_line(err));
    case How::too_long:
      return with_line(where + "took longer than " + std::to_string(timeout.count()) + " ms and was killed",
                       last_line(err));
    case How::killed:
      return with_line(where + "was killed by signal " + std::to_string(code), last_line(err));
    case How::exited: break;
  }
  return with_line(where + "ended with exit code " + std::to_string(code), last_line(ok() ? out : err));
}

ProgramEnd run_program(const ProgramRun& run, std::stop_token stop) {
  ProgramEnd end;
  end.program = run.command.at(0);
  end.timeout = run.timeout;
  Running program{run.out_bytes_max};
  if (const int error = program.start(run.command, run.input, run.environment); error != 0) {
    end.code = error;
    return end;
  }
  const bool in_time = program.wait(Clock::now() + run.timeout, stop);
  end.out = std::move(program.out().kept);
  end.out_cut = program.out().cut;
  end.err = std::move(program.err().kept);
  const int status = program.status();
  if (!in_time) {
    end.how = stop.stop_requested() ? ProgramEnd::How::stopped : ProgramEnd::How::too_long;
  } else if (WIFSIGNALED(status)) {
    end.how = ProgramEnd::How::killed;
    end.code = WTERMSIG(status);
  } else {
    end.how = ProgramEnd::How::exited;
    end.code = WEXITSTATUS(status);
  }
  return end;
}

}  // namespace reel::outward
