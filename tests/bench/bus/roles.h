// What the harness starts its own program as: a sender, a receiver, or the process in which zmq_proxy runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "process.h"
#include "task.h"

namespace reel::bench {

/// Starts this program as one of them; its output is in task.dir.
[[nodiscard]] std::unique_ptr<test::Process> start_role(const Task& task, const std::string& role,
                                                        std::uint32_t number);

/// Where the run's page stands.
[[nodiscard]] std::string page_path(const Task& task);

/// In that process: does the part of the run whose page stands at `page`, until it is killed. Throws what
/// went wrong.
void play(const std::string& role, const std::string& page, std::uint32_t number);

}  // namespace reel::bench
