#include "roles.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <stdexcept>

#include "arrival_check.h"
#include "page.h"
#include "payload.h"
#include "peer.h"
#include "zmq_forwarder.h"

namespace reel::bench {
namespace {

void wait_until(std::uint64_t ns) {
  const timespec until{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

/// Sends until something has come through to everybody.
void warm_up(Sender& sender, Payload& payload, Shared& shared) {
  for (std::uint64_t number = 1; shared.warm.load() == 0; ++number) {
    payload.stamp({.warm_up = 1, .number = number});
    shared.warm_ups = number;
    sender.send(payload.bytes(), number % shared.task.keys_per_sender());
    sender.flush();
    // Until the harness has looked; a subscription that is not known yet misses what is live.
    for (int i = 0; i < 25 && shared.warm.load() == 0; ++i) ::poll(nullptr, 0, 2);
  }
}

void send_all(Sender& sender, Payload& payload, const Task& task, std::uint32_t number) {
  const std::uint64_t began = now_ns();
  const double gap_ns = task.rate_per_s > 0 ? 1e9 * task.senders / task.rate_per_s : 0;
  const std::uint64_t keys = task.keys_per_sender();
  for (std::uint64_t i = 0; i < task.events_per_sender(); ++i) {
    Stamp stamp{.sender = number, .number = i};
    if (gap_ns > 0) {
      stamp.due_ns = began + static_cast<std::uint64_t>(gap_ns * static_cast<double>(i));
      if (now_ns() < stamp.due_ns) wait_until(stamp.due_ns);
    }
    payload.stamp(stamp);
    sender.send(payload.bytes(), number * keys + i % keys);
  }
  sender.flush();
}

void send(const Page& page, std::uint32_t number) {
  const Task& task = page->task;
  const auto sender = make_peer(task.peer.view())->sender(task, number);
  Payload payload{task.payload_bytes};
  if (number == 0) warm_up(*sender, payload, *page);
  (void)::sem_post(&page->senders_ready);
  wait_for(page->go);
  send_all(*sender, payload, task, number);
  page->senders_done.fetch_add(1);
  ::pause();  // its CPU time is still to be read
}

void receive(const Page& page, std::uint32_t number) {
  const auto receiver = make_peer(page->task.peer.view())->receiver(page->task, number);
  ArrivalCheck check{page, number};
  receiver->receive([&check](std::string_view payload) { check.see(payload); });
}

}  // namespace

std::string page_path(const Task& task) {
  return task.dir.text() + "/page";
}

std::unique_ptr<test::Process> start_role(const Task& task, const std::string& role, std::uint32_t number) {
  return std::make_unique<test::Process>(
      test::Process::Options{.argv = {"/proc/self/exe", "--role", role, "--page", page_path(task), "--number",
                                      std::to_string(number)},
                             .output = task.dir.text() + "/" + role + std::to_string(number) + ".log"});
}

void play(const std::string& role, const std::string& page, std::uint32_t number) {
  const Page shared = Page::open(page);
  if (role == "send") return send(shared, number);
  if (role == "receive") return receive(shared, number);
  if (role == "forward") return forward(shared->task);
  throw std::invalid_argument{"there is no role '" + role + "'"};
}

}  // namespace reel::bench
