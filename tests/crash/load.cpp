// The load of the crash tests, to be killed at any moment:
//
//   crash_load publisher --accepted FILE --reminders FILE
//                                             orders without end; a line for each answer:
//                                             offset id key number accepted|duplicate
//                                             and for reminders, delivered later: due id key number
//                                             accepted|…
//   crash_load worker --handled FILE          handles orders; a line when a handler begins:
//                                             key number id attempt instance time
//   crash_load biller --handled FILE          bills orders and reminders, and cannot bill some before they
//   are
//                                             redriven; such a line when a handler is about to end
//   crash_load operator                       pauses and resumes services, redrives and discards dead
//   letters,
//                                             cancels reminders
//
// Each line is one appended write, made before anything that depends on it. Restarted, the publisher reads
// its own file and goes on behind it.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "load_part.h"

namespace reel::test {

Lines::Lines(const std::string& path)
    : file_{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)} {
  if (file_ < 0) throw std::runtime_error("cannot open " + path);
}

void Lines::add(const std::string& line) const {
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

std::string now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

}  // namespace reel::test

int main(int argc, char** argv) try {
  reel::test::Part part;
  CLI::App app{"Load for the crash tests."};
  auto* const publisher = app.add_subcommand("publisher");
  publisher->add_option("--accepted", part.file)->required();
  publisher->add_option("--reminders", part.reminders)->required();
  publisher->add_option("--keys", part.keys);
  publisher->add_option("--window", part.window);
  publisher->add_option("--per-second", part.per_second);
  auto* const worker = app.add_subcommand("worker");
  auto* const biller = app.add_subcommand("biller");
  for (auto* const handlers : {worker, biller}) {
    handlers->add_option("--handled", part.file)->required();
    handlers->add_option("--instance", part.instance);
  }
  app.add_subcommand("operator")->add_option("--seed", part.seed);
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (*publisher) return publish(part);
  if (*worker) return work(part);
  return *biller ? bill(part) : operate(part);
} catch (const std::exception& error) {
  std::cerr << "crash_load: " << error.what() << '\n';
  return 1;
}
