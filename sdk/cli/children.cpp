#include "cli/children.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "cli/interrupt.h"

namespace reel::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Reads that empty a full pipe (64 KiB, read by 16).
constexpr std::size_t pipe_reads_max = 8;

/// How often to look again for the end of a child that was killed, should its signal be missed.
constexpr int killed_poll_ms = 50;

/// A longer line is handed on in pieces: a child that never ends its line must not fill our memory.
constexpr std::size_t line_bytes_max = 64 * 1024;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// Between fork and exec only what is safe there: no allocation, no locks. `report` tells the parent errno.
[[noreturn]] void become(char* const* arguments, int output, int report, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(empty, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  // The parent may have died before prctl: then nobody would ever end us.
  if (getppid() == parent) execv(arguments[0], arguments);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = write(report, &error, sizeof error);
  _exit(127);
}

struct Pipe {
  int reading = -1;
  int writing = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
  return {ends[0], ends[1]};
}

int poll_timeout(Clock::time_point until) {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

std::string ending_text(const Child& child) {
  const int status = child.status.value_or(0);
  if (!WIFSIGNALED(status)) return fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return fmt::format("was killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

Children::Children(OnLine on_line) : on_line_{std::move(on_line)} {
  const sigset_t set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) fail("cannot watch signals");
}

Children::~Children() {
  for (Child& child : children_) {
    if (!child.status) {
      kill(child.pid, SIGKILL);
      waitpid(child.pid, nullptr, 0);
    }
    if (child.output >= 0) close(child.output);
  }
  close(signals_);
  const sigset_t set = watched_signals();
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void Children::start(std::string name, const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Pipe output = make_pipe();
  const Pipe report = make_pipe();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), output.writing, report.writing, parent);
  const int fork_error = errno;
  close(output.writing);
  close(report.writing);
  int error = 0;
  const bool failed = pid < 0 || read(report.reading, &error, sizeof error) == sizeof error;
  close(report.reading);
  if (failed) {
    close(output.reading);
    if (pid > 0) waitpid(pid, nullptr, 0);
    throw std::system_error{pid < 0 ? fork_error : error, std::generic_category(),
                            "cannot start " + arguments[0]};
  }
  fcntl(output.reading, F_SETFL, O_NONBLOCK);
  Child child;
  child.name = std::move(name);
  child.pid = pid;
  child.output = output.reading;
  children_.push_back(std::move(child));
}

Children::News Children::wait(milliseconds time) {
  const auto until = Clock::now() + time;
  if (ended() != nullptr) return News::child_ended;
  while (true) {
    const News news = poll_once(poll_timeout(until));
    if (news != News::none || Clock::now() >= until) return news;
  }
}

const Child* Children::ended() const {
  const auto found = std::find_if(children_.begin(), children_.end(),
                                  [](const Child& child) { return child.status.has_value(); });
  return found == children_.end() ? nullptr : &*found;
}

std::optional<Child> Children::take_ended() {
  const Child* child = ended();
  if (child == nullptr) return std::nullopt;
  Child taken = *child;
  if (taken.output >= 0) close(std::exchange(taken.output, -1));
  children_.erase(children_.begin() + (child - children_.data()));
  return taken;
}

void Children::stop(milliseconds grace) {
  bool patient = true;
  for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
    if (!child->status) kill(child->pid, patient ? SIGTERM : SIGKILL);
    const auto until = Clock::now() + grace;
    while (!child->status) {
      const bool killed = !patient || Clock::now() >= until;
      if (killed) kill(child->pid, SIGKILL);
      if (poll_once(killed ? killed_poll_ms : poll_timeout(until)) == News::stop_requested) patient = false;
    }
    finish_output(*child);
  }
}

Children::News Children::poll_once(int timeout_ms) {
  std::vector<pollfd> watched{{signals_, POLLIN, 0}};
  for (const Child& child : children_) watched.push_back({child.output, POLLIN, 0});  // -1 is passed over
  if (::poll(watched.data(), watched.size(), timeout_ms) <= 0) return News::none;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (watched[i + 1].revents != 0) read_output(children_[i]);
  }
  if (watched[0].revents == 0) return News::none;
  const News asked = read_signals();
  const bool some_ended = reap();
  if (asked == News::stop_requested || (asked == News::hangup && !some_ended)) return asked;
  return some_ended ? News::child_ended : News::none;
}

/// One Ctrl-C may arrive several times; see interrupt_moment.
Children::News Children::read_signals() {
  News asked = News::none;
  signalfd_siginfo signal{};
  while (read(signals_, &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGCHLD) continue;
    if (signal.ssi_signo == SIGHUP) {
      if (asked == News::none) asked = News::hangup;
      continue;
    }
    const auto now = Clock::now();
    if (stop_requested_at_ && now - *stop_requested_at_ < interrupt_moment) continue;
    stop_requested_at_ = now;
    asked = News::stop_requested;
  }
  return asked;
}

void Children::read_output(Child& child) {
  char bytes[16 * 1024];
  const ssize_t count = read(child.output, bytes, sizeof bytes);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    close(std::exchange(child.output, -1));
    if (!child.unfinished_line.empty()) on_line_(child, std::exchange(child.unfinished_line, {}));
    return;
  }
  std::string_view text{bytes, static_cast<std::size_t>(count)};
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    child.unfinished_line.append(text.substr(0, end));
    on_line_(child, std::exchange(child.unfinished_line, {}));
  }
  child.unfinished_line.append(text);
  if (child.unfinished_line.size() > line_bytes_max)
    on_line_(child, std::exchange(child.unfinished_line, {}));
}

bool Children::reap() {
  bool some_ended = false;
  for (Child& child : children_) {
    int status = 0;
    if (child.status || waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
    child.status = status;
    some_ended = true;
    finish_output(child);
  }
  return some_ended;
}

/// What the child wrote last: what stands in the pipe, and no more, since its own children may hold it open
/// and go on writing.
void Children::finish_output(Child& child) {
  for (std::size_t reads = 0; reads < pipe_reads_max && child.output >= 0; ++reads) {
    pollfd watched{child.output, POLLIN, 0};
    if (::poll(&watched, 1, 0) <= 0) break;
    read_output(child);
  }
}

}  // namespace reel::cli
