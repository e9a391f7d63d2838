// Child processes for tests: started with their output in a file, waited for on conditions with a deadline,
// killed by their own id, and gone when their object is.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace reel::test {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Generous: a loaded machine is not a failing test.
inline constexpr milliseconds patience = 30s;

/// Polls `condition` until it holds or `limit` has passed; says which.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, milliseconds limit = patience);

class Process {
 public:
  struct Options {
    std::vector<std::string> argv;
    std::filesystem::path output;          ///< where stdout and stderr go
    std::filesystem::path errors;          ///< where stderr goes, if elsewhere
    std::string input;                     ///< given on stdin
    std::vector<std::string> environment;  ///< NAME=value, besides our own
  };
  explicit Process(Options options);
  ~Process();  // kill -9, if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// kill -9 and reap.
  void kill();
  /// SIGTERM, then the exit code.
  int stop();
  /// The exit code (128 + number for a signal); -1 where it still runs after `limit`.
  int wait(milliseconds limit = patience);
  [[nodiscard]] bool running();

  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;
  /// Until `text` stands in the output; false after the limit or when the process has ended without it.
  [[nodiscard]] bool says(const std::string& text, milliseconds limit = patience);

 private:
  Options options_;
  pid_t pid_ = -1;
  int status_ = -1;
};

/// What a finished command left.
struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// A folder of its own under the system's temporary one, removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace reel::test
