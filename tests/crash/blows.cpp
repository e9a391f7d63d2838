#include "blows.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "record.h"
#include "reel/query.h"

namespace reel::test {
namespace {

std::string flows_of_orders() {
  return R"(flows:
  fulfilment:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captured], within: )" +
         std::to_string(follow_up_within.count()) + R"(ms, owner: worker}
)";
}

std::string broker_options(const Setting& setting) {
  return "journal: {sync: " + setting.sync + ", " +
         (setting.retains ? "segment_bytes: 1MiB, retain_bytes: 2MiB" : "segment_bytes: 4MiB") +
         "}, snapshot_events: " + std::to_string(setting.snapshot_events);
}

void nap(int ms) {
  ::poll(nullptr, 0, ms);
}

constexpr const char* names[] = {"kill broker",
                                 "kill broker twice",
                                 "kill broker and worker",
                                 "kill broker and publisher",
                                 "kill broker and tracker",
                                 "kill worker",
                                 "kill biller",
                                 "kill operator",
                                 "kill publisher",
                                 "kill tracker",
                                 "kill tracker while broker stalls",
                                 "stall broker",
                                 "stall worker",
                                 "stall tracker",
                                 "stop broker"};

}  // namespace

Victims::Victims(std::uint64_t seed, const Setting& setting)
    : chance_{seed},
      mesh_{mesh_of_orders("5s") + flows_of_orders(), broker_options(setting), setting.transport},
      orders_per_second_{setting.orders_per_second} {
  mesh_.start_broker();
  mesh_.start_tracker();
  start_worker(0);
  start_worker(1);
  start_biller(0);
  start_biller(1);
  start_operator();
  start_publisher();
}

void Victims::start_worker(std::size_t index) {
  workers_[index].reset();
  workers_[index] = mesh_.start("../tests/crash_load", {"worker", "--handled", handled_file()},
                                "worker" + std::to_string(++started_));
}

void Victims::start_biller(std::size_t index) {
  billers_[index].reset();
  billers_[index] = mesh_.start("../tests/crash_load", {"biller", "--handled", billed_file()},
                                "biller" + std::to_string(++started_));
}

void Victims::start_operator() {
  operator_.reset();
  operator_ = mesh_.start("../tests/crash_load", {"operator", "--seed", std::to_string(chance_())},
                          "operator" + std::to_string(++started_));
}

void Victims::start_publisher() {
  publisher_.reset();
  publisher_ = mesh_.start("../tests/crash_load",
                           {"publisher", "--accepted", accepted_file(), "--reminders", reminders_file(),
                            "--per-second", std::to_string(orders_per_second_)},
                           "publisher" + std::to_string(++started_));
}

void Victims::pause(int most_ms) {
  nap(up_to(most_ms));
}

// Longer than service_timeout: its sessions are taken for gone while it lives.
void Victims::stall(Process& process) {
  process.signal(SIGSTOP);
  nap(900 + up_to(600));
  process.signal(SIGCONT);
}

void Victims::blow() {
  if (bag_.empty()) {
    const char* const only = std::getenv("REEL_CRASH_ONLY");
    for (int kind = 0; kind < blow_kinds; ++kind) {
      if (only == nullptr || std::string{names[kind]} == only) bag_.push_back(static_cast<Blow>(kind));
    }
    if (bag_.empty()) throw std::runtime_error("REEL_CRASH_ONLY names no blow");
    std::shuffle(bag_.begin(), bag_.end(), chance_);
  }
  pause(500);
  const auto kind = bag_.back();
  bag_.pop_back();
  const auto one = static_cast<std::size_t>(up_to(1));
  story_ += "  " + std::to_string(++blows_) + ". " + names[static_cast<int>(kind)] + "\n";
  switch (kind) {
    case Blow::kill_broker:
      mesh_.broker().kill();
      pause(200);
      mesh_.start_broker();
      break;
    case Blow::kill_broker_twice:
      mesh_.broker().kill();
      mesh_.start_broker();
      pause(60);
      mesh_.broker().kill();
      mesh_.start_broker();
      break;
    case Blow::kill_broker_and_worker:
      mesh_.broker().kill();
      workers_[one]->kill();
      mesh_.start_broker();
      pause(100);
      start_worker(one);
      break;
    case Blow::kill_broker_and_publisher:
      publisher_->kill();
      mesh_.broker().kill();
      mesh_.start_broker();
      start_publisher();
      break;
    case Blow::kill_broker_and_tracker:
      mesh_.broker().kill();
      mesh_.tracker().kill();
      mesh_.start_broker();
      pause(100);
      mesh_.start_tracker();
      break;
    case Blow::kill_worker:
      workers_[one]->kill();
      pause(200);
      start_worker(one);
      break;
    case Blow::kill_biller:
      billers_[one]->kill();
      pause(200);
      start_biller(one);
      break;
    case Blow::kill_operator:
      operator_->kill();
      start_operator();
      break;
    case Blow::kill_publisher:
      publisher_->kill();
      start_publisher();
      break;
    case Blow::kill_tracker:
      mesh_.tracker().kill();
      pause(300);
      mesh_.start_tracker();
      break;
    case Blow::kill_tracker_while_broker_stalls:  // which finds both of them when it goes on
      mesh_.broker().signal(SIGSTOP);
      mesh_.tracker().kill();
      mesh_.start_tracker();
      pause(300);
      mesh_.broker().signal(SIGCONT);
      break;
    case Blow::stall_broker: stall(mesh_.broker()); break;
    case Blow::stall_worker: stall(*workers_[one]); break;
    case Blow::stall_tracker: stall(mesh_.tracker()); break;
    case Blow::stop_broker:
      if (mesh_.broker().stop() != 0) throw std::runtime_error("the broker did not stop cleanly");
      mesh_.start_broker();
      break;
  }
  check_alive();
}

void Victims::check_alive() {
  const auto demand = [](Process& process, const char* who) {
    if (!process.running()) {
      throw std::runtime_error(std::string{who} + " ended by itself:\n" + process.output());
    }
  };
  demand(mesh_.broker(), "the broker");
  demand(mesh_.tracker(), "the tracker");
  demand(*workers_[0], "a worker");
  demand(*workers_[1], "a worker");
  demand(*billers_[0], "a biller");
  demand(*billers_[1], "a biller");
  demand(*operator_, "the operator");
  demand(*publisher_, "the publisher");
}

bool Victims::drain() {
  (void)publisher_->says("ready");  // before that SIGTERM would be its end
  if (const int code = publisher_->stop(); code != 0) {
    throw std::runtime_error("the publisher's last orders were not answered, exit code " +
                             std::to_string(code) + ":\n" + publisher_->output());
  }
  // The operator goes on until there is nothing to do for it.
  const bool done = eventually([this] { return is_all_done(); });
  (void)operator_->says("ready");
  if (operator_->stop() != 0) throw std::runtime_error("the operator could not end:\n" + operator_->output());
  return done;
}

bool Victims::is_all_done() {
  QueryClient broker{mesh_.endpoint()};
  v1::Request ask_delayed;
  ask_delayed.mutable_delayed()->set_limit(1);
  if (broker.ask(ask_delayed).delayed().total() > 0) return false;
  v1::Request ask_services;
  ask_services.mutable_services();
  const auto reply = broker.ask(ask_services);
  const auto& services = reply.services().services();
  return std::all_of(services.begin(), services.end(), [](const auto& service) {
    if (service.service() != worker_service && service.service() != biller_service) return true;
    return !service.behind() && service.waiting() == 0 && service.dead() == 0 && service.parked() == 0;
  });
}

std::string Victims::keep_folder() {
  publisher_.reset();
  operator_.reset();
  for (auto* const service : {&workers_, &billers_}) {
    for (auto& instance : *service) instance.reset();
  }
  mesh_.tracker().kill();
  mesh_.broker().kill();
  const auto kept = mesh_.dir().string() + "-kept";
  std::filesystem::rename(mesh_.dir(), kept);
  return kept;
}

}  // namespace reel::test
