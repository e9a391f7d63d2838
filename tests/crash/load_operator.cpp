// The operator: commands at random moments, each of which may be given again. What is asked for follows from
// how things stand, so one that was killed, or whose command's answer was lost, only has to look again.
#include <poll.h>
#include <reel/options.h>
#include <reel/query.h>

#include <csignal>
#include <iostream>
#include <random>

#include "load.h"
#include "load_part.h"

namespace reel::test {
namespace {

volatile std::sig_atomic_t stop_operating = 0;

constexpr int between_rounds_ms = 60;
constexpr std::uint64_t longest_pause_ns = 300'000'000;
// What is due no sooner than this is a reminder to be cancelled.
constexpr std::uint64_t far_ns = 600'000'000'000;

class Operator {
 public:
  explicit Operator(std::uint64_t seed)
      : chance_{seed}, broker_{default_brokers().front(), std::chrono::seconds{1}} {}

  void look_after_letters() {
    v1::Request request;
    request.mutable_dead()->set_service(biller_service);
    request.mutable_dead()->set_limit(1'000);
    const auto reply = ask(request);
    v1::Command redrive = command_for(biller_service);
    v1::Command discard = command_for(biller_service);
    for (const auto& letter : reply.dead().letters()) {
      if (up_to(2) == 0) continue;  // some stay for a while
      const auto order = Order::named(letter.correlationid());
      const bool over = order && is_discarded(*order) && letter.topic() == placed_topic;
      const auto& failure = letter.failure();
      (over ? discard.mutable_discard() : redrive.mutable_redrive())
          ->add_offsets(failure.origin() == 0 ? failure.offset() : failure.origin());
    }
    if (redrive.redrive().offsets_size() > 0) give(redrive);
    if (discard.discard().offsets_size() > 0) give(discard);
  }

  void cancel_reminders() {
    v1::Request request;
    request.mutable_delayed()->set_limit(1'000);
    const auto now = log_time();
    const auto reply = ask(request);
    for (const auto& event : reply.delayed().events()) {
      if (event.due() < now + far_ns) continue;
      auto command = command_for("");
      command.set_cancel_delayed(event.offset());
      give(command);
    }
  }

  void pause_somebody() {
    auto command = command_for(up_to(1) == 0 ? worker_service : biller_service);
    const bool open = up_to(2) == 0;  // until resumed, which is the next thing to do
    command.mutable_pause()->set_until(open ? 0 : log_time() + up_to(longest_pause_ns));
    give(command);
  }
  void resume(const char* service) {
    auto command = command_for(service);
    command.mutable_resume();
    give(command);
  }
  [[nodiscard]] std::uint64_t up_to(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>{0, most}(chance_);
  }

 private:
  [[nodiscard]] static v1::Command command_for(const std::string& service) {
    v1::Command command;
    command.set_by("crash-test");
    command.set_service(service);
    return command;
  }
  v1::Reply ask(const v1::Request& request) {
    auto reply = broker_.ask(request);
    if (!reply.error().empty()) std::cout << "not done: " << reply.error() << std::endl;
    return reply;
  }
  void give(const v1::Command& command) {
    v1::Request request;
    *request.mutable_command()->mutable_command() = command;
    (void)ask(request);
  }
  std::uint64_t log_time() {
    v1::Request request;
    request.mutable_services();
    return ask(request).services().now();
  }

  std::mt19937_64 chance_;
  QueryClient broker_;
};

// Says whether it was done: the broker may be away.
template <typename Task>
bool attempt(Task task) {
  try {
    task();
    return true;
  } catch (const NotReachable&) {
    return false;
  }
}

bool resume_all(Operator& one) {
  return attempt([&] {
    for (const auto* service : {worker_service, biller_service}) one.resume(service);
  });
}

}  // namespace

int operate(const Part& part) {
  std::signal(SIGTERM, [](int) { stop_operating = 1; });
  std::cout << "ready" << std::endl;
  Operator one{part.seed};
  bool resumed = false;  // one before may have left somebody paused
  while (stop_operating == 0) {
    if (!resumed) resumed = resume_all(one);
    (void)attempt([&] { one.look_after_letters(); });
    (void)attempt([&] { one.cancel_reminders(); });
    if (resumed && one.up_to(5) == 0) {
      (void)attempt([&] { one.pause_somebody(); });
      resumed = false;
    }
    ::poll(nullptr, 0, static_cast<int>(one.up_to(2 * between_rounds_ms)));
  }
  for (int tries = 0; tries < 20; ++tries) {
    if (resume_all(one)) return 0;
  }
  return 1;
}

}  // namespace reel::test
