#include "cli/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace reel::cli {
namespace {

volatile std::sig_atomic_t noted = 0;

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = handler == SIG_DFL ? 0 : static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  noted = 0;
  set_handlers([](int) { noted = 1; });
}

Interrupt::~Interrupt() {
  set_handlers(SIG_DFL);
}

bool Interrupt::requested() const {
  return noted != 0;
}

}  // namespace reel::cli
