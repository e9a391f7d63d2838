// One run of a program of the user's: a text on its standard input, further environment variables, no shell.
//
//   const ProgramEnd end = run_program({.command = {"/usr/local/bin/page", "x"}, .input = json}, stop);
//   if (!end.ok()) throw …(end.sentence());
//
// Exit code 0 is success. Otherwise, or where it takes too long, the last line it wrote to standard error
// says why. It leads a process group of its own, which is killed as a whole when its time is over; what a
// program that ended by itself left running is left alone. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace reel::outward {

/// Of standard error the newest is kept: enough for its last line. The rest is read and dropped.
inline constexpr std::size_t error_bytes_max = 4'096;

struct ProgramRun {
  /// The program, as a path, and its arguments.
  std::vector<std::string> command;
  std::string input;
  /// NAME=value each, in place of ours of the same name.
  std::vector<std::string> environment;
  std::chrono::milliseconds timeout{10'000};
  /// Of standard output the newest is kept, so much of it. The default is enough for its last line.
  std::size_t out_bytes_max = 4'096;
};

/// How a run ended.
struct ProgramEnd {
  enum class How : std::uint8_t {
    not_run,   ///< `code` is the errno of why
    exited,    ///< `code` is its exit code
    killed,    ///< by signal `code`, not by us
    too_long,  ///< we killed it
    stopped,   ///< we killed it since a stop was requested
  };
  std::string program;
  How how = How::not_run;
  int code = 0;
  std::string out;
  bool out_cut = false;  ///< there was more before it
  std::string err;
  std::chrono::milliseconds timeout{0};

  [[nodiscard]] bool ok() const { return how == How::exited && code == 0; }
  /// "'/bin/sh' ended with exit code 3: 'no such team'", without what is foreign in it unquoted.
  [[nodiscard]] std::string sentence() const;
};

[[nodiscard]] ProgramEnd run_program(const ProgramRun& run, std::stop_token stop);

}  // namespace reel::outward
