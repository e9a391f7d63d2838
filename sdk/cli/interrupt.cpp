#include "cli/interrupt.h"

#include <poll.h>

#include <csignal>
#include <ctime>
#include <initializer_list>

namespace reel::cli {
namespace {

volatile std::sig_atomic_t noted = 0;
timespec noted_at{};  // written by the handler that sets `noted`, read by later ones

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&action.sa_mask, signal);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

timespec timespec_of(std::chrono::nanoseconds duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  return {static_cast<std::time_t>(whole.count()), static_cast<long>((duration - whole).count())};
}

void note(int signal) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (noted == 0) {
    noted_at = now;
    noted = 1;
    return;
  }
  const auto since = std::chrono::seconds{now.tv_sec - noted_at.tv_sec} +
                     std::chrono::nanoseconds{now.tv_nsec - noted_at.tv_nsec};
  if (since < interrupt_moment) return;
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  sigaction(signal, &usual, nullptr);
  raise(signal);  // blocked until this handler returns
}

}  // namespace

Interrupt::Interrupt() {
  noted = 0;
  set_handlers(note);
}

Interrupt::~Interrupt() {
  set_handlers(SIG_DFL);
}

bool Interrupt::requested() const {
  return noted != 0;
}

// The signals are let in by ppoll alone, so that none comes unseen between the look and the wait.
bool Interrupt::wait_until(std::chrono::steady_clock::time_point time) const {
  sigset_t watched{};
  sigset_t before{};
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched, signal);
  pthread_sigmask(SIG_BLOCK, &watched, &before);
  for (auto now = std::chrono::steady_clock::now(); noted == 0 && now < time;
       now = std::chrono::steady_clock::now()) {
    const timespec left = timespec_of(time - now);
    ppoll(nullptr, 0, &left, &before);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return noted != 0;
}

}  // namespace reel::cli
