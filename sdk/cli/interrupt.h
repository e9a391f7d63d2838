// Ctrl-C as a question instead of an end: while an Interrupt lives, SIGINT, SIGTERM and SIGHUP are noted.
// A second one ends the process as if it had not been watched. One at a time.
#pragma once

namespace reel::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] bool requested() const;
};

}  // namespace reel::cli
