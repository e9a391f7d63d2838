#include "crowd.h"

#include <csignal>
#include <stdexcept>

namespace reel::test {

Crowd::Crowd(Mesh& mesh, std::uint64_t seed, std::string handled_file)
    : mesh_{mesh}, chance_{seed}, handled_file_{std::move(handled_file)} {
  while (members_.size() < size_min) join();
}

void Crowd::turn() {
  const bool more = members_.size() == size_min || (members_.size() < size_max && below(2) == 0);
  if (more) {
    join();
  } else {
    leave();
  }
}

void Crowd::join() {
  const auto instance = "guest-" + std::to_string(++joined_);
  members_.push_back(
      {.instance = instance,
       .process = mesh_.start("../tests/crash_load",
                              {"worker", "--handled", handled_file_, "--instance", instance}, instance),
       .since = std::chrono::steady_clock::now()});
}

void Crowd::leave() {
  const auto which = members_.begin() + static_cast<std::ptrdiff_t>(below(members_.size()));
  auto member = std::move(*which);
  members_.erase(which);
  if (!member.process->running()) {
    throw std::runtime_error(member.instance + " ended by itself:\n" + member.process->output());
  }
  const auto time = std::chrono::steady_clock::now() - member.since;
  // One that was told to stop before it was ready to hear it dies of the signal.
  const bool killed = below(3) == 0 || member.process->output().find("subscribed") == std::string::npos;
  stays_.push_back({member.instance, std::chrono::duration_cast<milliseconds>(time), killed});
  if (killed) return member.process->kill();
  member.process->signal(SIGTERM);
  leaving_.push_back(std::move(member));
}

void Crowd::settle() {
  for (auto& member : leaving_) {
    if (const int code = member.process->wait(); code != 0) {
      throw std::runtime_error(member.instance + " did not leave in good order, exit code " +
                               std::to_string(code) + ":\n" + member.process->output());
    }
  }
  leaving_.clear();
}

}  // namespace reel::test
