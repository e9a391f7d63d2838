#include "instances.h"

#include <algorithm>

namespace reel::broker::test {

void Instances::subscribe(const std::string& session, const std::string& service, const std::string& instance,
                          std::uint32_t credit, bool from_start, const std::set<std::string>& names) {
  v1::Subscribe request;
  std::string line;
  for (const auto& pattern : names) {
    request.add_patterns(pattern);
    line += " " + pattern;
  }
  scene_.say(session + " names" + line + ", with credit for " + std::to_string(credit));
  if (!scene_.naive.services[service].subject.empty()) {
    for (const auto& pattern : names) {
      auto& filter = *request.add_filters();
      filter.set_pattern(pattern);
      filter.set_when(only_vip);
    }
  }
  request.set_credit_events(credit);
  if (from_start) request.set_from_start(true);
  scene_.world.subscribes(session, std::move(request));
  scene_.naive.joins(service, {session, instance, credit, names}, from_start);
  scene_.looks("");
}

void Instances::join(const std::string& service, const std::string& instance, std::uint32_t credit,
                     bool from_start, const std::set<std::string>& names) {
  const auto session = service + "/" + instance + "~" + std::to_string(++sessions_);
  scene_.world.opens(session, service, instance);
  subscribe(session, service, instance, credit, from_start, names);
}

void Instances::join_somebody() {
  const auto service = scene_.some_service();
  const auto instance = service + "-" + std::to_string(1 + scene_.upto(2));
  for (const auto& one : scene_.naive.services[service].instances) {
    if (one.name == instance) return;
  }
  const auto names = scene_.some_patterns_of(service);
  const auto credit = static_cast<std::uint32_t>(1 + scene_.upto(8));
  const bool from_start = scene_.one_in(2);
  join(service, instance, credit, from_start, names);
}

void Instances::join_again() {
  const auto service = scene_.some_service();
  const auto& instances = scene_.naive.services[service].instances;
  if (instances.empty()) return;
  const auto former = scene_.any(instances);
  scene_.world.falls_silent(former.session);
  join(service, former.name, 6, false, scene_.some_patterns_of(service));
}

void Instances::change() {
  const auto service = scene_.some_service();
  const auto& instances = scene_.naive.services[service].instances;
  if (instances.empty()) return;
  const auto one = scene_.any(instances);
  subscribe(one.session, service, one.name, one.credit, false, scene_.some_patterns_of(service));
}

void Instances::end(StepKind kind) {
  const auto service = scene_.some_service();
  if (scene_.naive.services[service].instances.empty()) return;
  const auto session = scene_.any(scene_.naive.services[service].instances).session;
  switch (kind) {
    case StepKind::leave:
      scene_.say(session + " leaves");
      scene_.world.leaves(session);
      scene_.naive.leaves(session, false);
      break;
    case StepKind::die:
      scene_.say(session + " dies");
      scene_.world.dies(session);
      scene_.naive.leaves(session, true);
      break;
    default:
      scene_.say(session + " hangs until it is taken for gone");
      scene_.world.advance(51 * time_unit, session);
      scene_.naive.passes(scene_.world.now());
      scene_.naive.leaves(session, true);
  }
  scene_.looks("");
}

void Instances::pass(LogTime units) {
  scene_.say(std::to_string(units) + " ms pass");
  // Nobody is silent for longer than they may be.
  for (; units > 0 && scene_.wrong.empty(); units -= std::min<LogTime>(units, 30)) {
    scene_.world.advance(std::min<LogTime>(units, 30) * time_unit);
    scene_.naive.passes(scene_.world.now());
    scene_.looks("");
  }
}

std::vector<Draft> Instances::emitted_for(const std::string& service, const NaiveBroker::Event& event) {
  Draft draft{.id = event.id + ">" + service, .key = event.key, .subject = event.subject, .cause = event.id};
  if (service == "payments" && event.topic == "order.placed") {
    draft.topic = scene_.one_in(25) ? "no.topic" : "order.paid";
  } else if (service == "stock" && event.topic == "order.paid") {
    draft.topic = "order.shipped";
  } else {
    return {};
  }
  if (scene_.one_in(8)) draft.deliver_at = scene_.naive.now + scene_.upto(20) * time_unit;
  return {draft};
}

// As an instance does: each key's in order, and nothing behind what is not answered or failed.
void Instances::answer(std::uint64_t share, std::uint64_t nack_share) {
  const auto service = scene_.some_service();
  const auto& instances = scene_.naive.services[service].instances;
  if (!instances.empty()) answer(scene_.any(instances).session, service, share, nack_share);
}

void Instances::answer(const std::string session, const std::string& service, std::uint64_t share,
                       std::uint64_t nack_share) {
  Answers answers;
  std::set<std::string> waits;
  auto line = session + " answers";
  for (const auto& owed : scene_.naive.services[service].line) {
    if (owed.holder != session || waits.contains(owed.key)) continue;
    const Answers::To to{owed.offset, owed.delivery};
    const auto name = " " + std::to_string(to.offset) + "#" + std::to_string(to.delivery);
    if (scene_.upto(99) >= share) {
      waits.insert(owed.key);
      if (scene_.one_in(3)) {
        answers.in_progress.push_back(to);
        line += name + " in progress";
      }
    } else if (scene_.upto(99) >= nack_share) {
      answers.acks.push_back({to, emitted_for(service, scene_.naive.log[owed.place])});
      line += name;
      for (const auto& draft : answers.acks.back().emits) line += " (" + draft.topic + ")";
    } else {
      waits.insert(owed.key);
      answers.nacks.push_back(
          {to, scene_.one_in(4) ? static_cast<std::uint32_t>(1 + scene_.upto(8)) : 0, scene_.one_in(5)});
      line += name + (answers.nacks.back().reject ? " rejected" : " failed");
    }
    if (scene_.one_in(10)) late_.emplace_back(session, to);
  }
  if (answers.acks.empty() && answers.nacks.empty() && answers.in_progress.empty()) return;
  scene_.say(line);
  settle(session, answers);
}

void Instances::settle(const std::string& session, const Answers& answers) {
  scene_.naive.settles(session, answers);
  scene_.world.settles(session, answers);
  scene_.looks("");
}

void Instances::answer_late() {
  if (late_.empty()) return;
  const auto [session, to] = scene_.any(late_);
  if (scene_.naive.service_of(session) == nullptr) return;
  scene_.say(session + " acks " + std::to_string(to.offset) + "#" + std::to_string(to.delivery) + " late");
  settle(session, {.acks = {{to, {}}}});
}

}  // namespace reel::broker::test
