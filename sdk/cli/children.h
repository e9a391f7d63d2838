// Child processes whose output is read line by line: what `reel up` runs the daemons with.
//
//   Children children{[](const Child& child, std::string_view line) { … }};
//   children.start("broker", {"/usr/bin/reel-broker", "-c", "reel.yaml"});
//   while (children.wait(100ms) == Children::News::none) …
//   children.stop(10s);                          // the youngest first, each told, awaited, then killed
//
// A child leads a process group of its own, so that Ctrl-C reaches the parent alone and the order of the
// stop is ours; it is killed by the kernel if the parent dies. Its standard input is empty, its output and
// errors arrive in one stream.
//
// While a Children lives, SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked and read from a descriptor: make
// it before any thread is started, and only one at a time. For use on one thread, which must be the one
// that lives as long as the process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reel::cli {

struct Child {
  std::string name;
  pid_t pid = -1;
  /// As waitpid told it; nothing while the child runs.
  std::optional<int> status;
  int output = -1;
  std::string unfinished_line;
};

/// "ended with exit code 2", "was killed by signal 9 (Killed)". Only for a child that has ended.
[[nodiscard]] std::string ending_text(const Child& child);

class Children {
 public:
  using OnLine = std::function<void(const Child&, std::string_view line)>;

  enum class News {
    none,            ///< the time is over
    stop_requested,  ///< Ctrl-C, or a signal that asks for the same
    hangup,          ///< SIGHUP
    child_ended,     ///< see ended()
  };

  explicit Children(OnLine on_line);
  /// Kills what still runs.
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// Starts a program; `arguments[0]` is its path. Throws std::system_error where that fails.
  void start(std::string name, const std::vector<std::string>& arguments);

  /// Hands on lines until something happens or the time is over.
  [[nodiscard]] News wait(std::chrono::milliseconds time);

  /// The first child found to have ended, or null.
  [[nodiscard]] const Child* ended() const;

  /// As ended(), and the child is forgotten: for those who start it again.
  [[nodiscard]] std::optional<Child> take_ended();

  /// SIGTERM for each, the youngest first; SIGKILL for one that takes longer than `grace`, or for all at a
  /// stop request that comes a moment after the first. Afterwards none runs and every line has been handed
  /// on.
  void stop(std::chrono::milliseconds grace);

 private:
  [[nodiscard]] News poll_once(int timeout_ms);
  [[nodiscard]] News read_signals();
  void read_output(Child& child);
  [[nodiscard]] bool reap();
  void finish_output(Child& child);

  OnLine on_line_;
  std::vector<Child> children_;
  std::optional<std::chrono::steady_clock::time_point> stop_requested_at_;
  int signals_ = -1;
};

}  // namespace reel::cli
