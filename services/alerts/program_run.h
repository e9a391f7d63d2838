// One run of a program of the user's: a text on its standard input, further environment variables, no shell.
//
//   const Sent sent = run_program({"/usr/local/bin/page", "--team", "x"}, json, environment, 10s, stop);
//
// Exit code 0 is success. Otherwise, or where it takes too long, the attempt failed, and the last line it
// wrote to standard error says why. It leads a process group of its own, which is killed as a whole when its
// time is over; what a program that ended by itself left running is left alone. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "alerts/http_post.h"

namespace reel::alerts {

/// Of what it writes, the newest is kept: enough for the last line of each stream. The rest is read and
/// dropped.
inline constexpr std::size_t output_bytes_max = 4'096;

[[nodiscard]] Sent run_program(const std::vector<std::string>& command, const std::string& input,
                               const std::vector<std::string>& environment, std::chrono::milliseconds timeout,
                               std::stop_token stop);

}  // namespace reel::alerts
