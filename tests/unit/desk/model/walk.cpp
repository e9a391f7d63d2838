#include "walk.h"

#include <algorithm>
#include <random>

#include "claims.h"

namespace reel::broker::test {
namespace {

using Place = NaiveBroker::Place;

// Times of policies are milliseconds; these never add up to any of them, so that nobody has to know who was
// first at the same time.
constexpr LogTime time_unit = 997'000;

constexpr const char* only_vip = R"({"subject": ["vip"]})";

config::Model model_of(const Load& load) {
  using std::chrono::milliseconds;
  config::Model model;
  for (const auto* topic : {"order.placed", "order.paid", "order.large", "order.shipped"})
    model.topics[topic] = {.type = "google.protobuf.StringValue"};
  model.routes.push_back({.from = "order.placed", .to = "order.large", .when = only_vip});
  auto& payments = model.services["payments"];
  payments.on_dead = config::OnDead::park;
  payments.ack_timeout = milliseconds{20};
  payments.retry = {.attempts = 3, .backoff = {milliseconds{2}, milliseconds{9}}, .jitter = 0};
  auto& stock = model.services["stock"];
  stock.ack_timeout = milliseconds{70};
  stock.max_in_flight = 5;
  stock.retry = {
      .attempts = 4, .backoff = {milliseconds{1}, milliseconds{6}}, .jitter = 0, .max_age = milliseconds{15}};
  auto& mail = model.services["mail"];
  mail.exclusive = true;
  mail.ack_timeout = milliseconds{100};
  mail.retry = {.attempts = 2, .backoff = {milliseconds{0}}, .jitter = 0};
  model.broker.service_timeout = milliseconds{40};
  model.broker.dedup_window = milliseconds{200};
  model.broker.service_window_events_max = load.window_events_max;
  model.broker.service_parked_events_max = load.parked_events_max;
  model.broker.tail_bytes_max = load.tail_bytes_max;
  model.broker.journal = {.sync = config::Sync::os, .segment_bytes = 32 << 10, .retain = milliseconds{1}};
  return model;
}

std::vector<std::string> patterns_of(const std::string& service) {
  if (service == "payments") return {"order.placed", "order.large"};
  if (service == "stock") return {"order.*"};
  return {"order.>"};
}

class Walk {
 public:
  explicit Walk(const Load& load)
      : load_{load}, world_{model_of(load)}, naive_{model_of(load)}, at_stall_{naive_} {
    naive_.now = world_.now();
    for (const auto& service : {"payments", "stock", "mail"}) {
      naive_.services[service].policy = model_of(load).services.at(service);
      naive_.services[service].patterns = patterns_of(service);
    }
    naive_.services["mail"].subject = "vip";
    open_shops();
    join("payments", "payments-1", 8, false);
    join("stock", "stock-1", 8, false);
    looks("");
  }

  Outcome run(const std::vector<Step>& steps) {
    for (const auto& step : steps) {
      random_.seed(step.drawn);
      take(step.kind);
      if (!wrong_.empty()) break;
    }
    if (wrong_.empty()) settle_everything();
    if (wrong_.empty()) looks(wrong_books(whole_log_));
    return {wrong_, history_};
  }

 private:
  std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  bool one_in(std::uint64_t count) { return upto(count - 1) == 0; }
  void say(std::string line) { history_.push_back(std::move(line)); }
  template <typename Items>
  auto& any(Items& items) {
    return *std::next(items.begin(), static_cast<std::ptrdiff_t>(upto(items.size() - 1)));
  }
  std::string some_service() {
    static const std::vector<std::string> names{"payments", "stock", "mail"};
    return names[upto(2)];
  }

  void take(StepKind kind) {
    const bool waits_for_the_disk = world_.stalled();
    switch (kind) {
      case StepKind::publish: return publish();
      case StepKind::publish_again: return publish_again();
      case StepKind::answer: return answer(85, 25);
      case StepKind::answer_late: return answer_late();
      case StepKind::time: return pass(one_in(6) ? 1 + upto(60) : upto(8));
      case StepKind::leave:
      case StepKind::die:
      case StepKind::hang: return end(kind);
      case StepKind::go_on: return waits_for_the_disk ? go_on() : void();
      case StepKind::restart: return restart();
      default: break;
    }
    if (waits_for_the_disk) return;  // whoever waits for answers gets none
    switch (kind) {
      case StepKind::join: return join_somebody();
      case StepKind::join_again: return join_again();
      case StepKind::pause:
      case StepKind::resume: return pause(kind == StepKind::resume);
      case StepKind::redrive:
      case StepKind::discard: return letters(kind == StepKind::redrive);
      case StepKind::retry_now:
      case StepKind::give_up: return hurry(kind == StepKind::retry_now);
      case StepKind::replay: return replay();
      case StepKind::cancel: return cancel();
      case StepKind::stall:
      case StepKind::fill: return stall(kind == StepKind::fill);
      case StepKind::snapshot:
        say("a snapshot is written");
        world_.snapshots();
        return looks("");
      case StepKind::retain: return retain();
      default: return;
    }
  }

  // What both made of it.
  void looks(std::string wrong) {
    if (wrong.empty()) {
      world_.runs();
      wrong = naive_.sees(world_);
      auto log = naive_.take_read();
      whole_log_.insert(whole_log_.end(), std::make_move_iterator(log.begin()),
                        std::make_move_iterator(log.end()));
    }
    if (wrong.empty() && !world_.stalled() && ++looks_ % 8 == 0) wrong = wrong_services(world_, naive_);
    if (wrong.empty() && !world_.stalled()) wrong = wrong_fates(world_, naive_, places_to_ask());
    if (wrong_.empty()) wrong_ = std::move(wrong);
  }
  std::vector<Place> places_to_ask() {
    std::vector<Place> places;
    for (const auto& [name, service] : naive_.services) {
      for (const auto& owed : service.line) {
        if (places.size() < 16) places.push_back(owed.place);
      }
    }
    // What is long over has to be read, which is what takes time here.
    if (!naive_.log.empty()) places.push_back(upto(naive_.log.size() - 1));
    return places;
  }

  // ---- publishers

  struct Batch {
    std::uint64_t sequence = 0;
    std::vector<Draft> drafts;
  };
  struct Publisher {
    std::uint64_t sequence = 0;
    std::vector<Batch> sent;
  };

  void open_shops() {
    for (const auto& [name, publisher] : publishers_) world_.opens(name, name, "1");
  }
  void publish() {
    auto& [name, publisher] = any(publishers_);
    Batch batch{++publisher.sequence, {}};
    auto line = name + " publishes " + std::to_string(batch.sequence) + ":";
    for (auto count = 1 + upto(3); count > 0; --count) {
      static const std::vector<std::string> topics{"order.placed", "order.placed", "order.paid",
                                                   "order.shipped"};
      Draft draft{.topic = any(topics),
                  .id = "e" + std::to_string(one_in(8) && ids_ > 0 ? upto(ids_) : ++ids_),
                  .key = std::string(1, static_cast<char>('a' + upto(load_.keys - 1))),
                  .subject = one_in(3) ? "vip" : ""};
      if (one_in(10)) draft.deliver_at = naive_.now + upto(30) * time_unit;
      if (draft.deliver_at == 0 && one_in(12)) draft.expires = naive_.now + (1 + upto(12)) * time_unit;
      line += " " + draft.topic + " " + draft.id + " key " + draft.key + " " + draft.subject +
              (draft.deliver_at != 0 ? " for later" : "") + (draft.expires != 0 ? " that expires" : "");
      batch.drafts.push_back(std::move(draft));
    }
    say(line);
    send(name, batch);
    publisher.sent.push_back(std::move(batch));
  }
  void send(const std::string& name, const Batch& batch) {
    naive_.publishes(name, batch.sequence, batch.drafts);
    world_.publishes(name, batch.sequence, batch.drafts);
    looks("");
  }
  void publish_again() {
    auto& [name, publisher] = any(publishers_);
    if (publisher.sent.empty()) return;
    const auto newest = std::min<std::size_t>(publisher.sent.size(), 6);
    const auto batch = publisher.sent[publisher.sent.size() - 1 - upto(newest - 1)];
    say(name + " sends " + std::to_string(batch.sequence) + " again");
    send(name, batch);
  }

  // ---- instances

  void join(const std::string& service, const std::string& instance, std::uint32_t credit, bool from_start) {
    const auto session = service + "/" + instance + "~" + std::to_string(++sessions_);
    say(session + " joins with credit for " + std::to_string(credit));
    v1::Subscribe request;
    for (const auto& pattern : patterns_of(service)) request.add_patterns(pattern);
    if (!naive_.services[service].subject.empty()) {
      auto& filter = *request.add_filters();
      filter.set_pattern(request.patterns(0));
      filter.set_when(only_vip);
    }
    request.set_credit_events(credit);
    if (from_start) request.set_from_start(true);
    world_.opens(session, service, instance);
    world_.subscribes(session, std::move(request));
    naive_.joins(session, service, instance, credit, from_start);
    looks("");
  }
  void join_somebody() {
    const auto service = some_service();
    const auto instance = service + "-" + std::to_string(1 + upto(2));
    for (const auto& one : naive_.services[service].instances) {
      if (one.name == instance) return;
    }
    join(service, instance, static_cast<std::uint32_t>(1 + upto(8)), one_in(2));
  }
  void join_again() {
    const auto service = some_service();
    const auto& instances = naive_.services[service].instances;
    if (instances.empty()) return;
    const auto former = any(instances);
    world_.falls_silent(former.session);
    join(service, former.name, 6, false);
  }
  void end(StepKind kind) {
    const auto service = some_service();
    if (naive_.services[service].instances.empty()) return;
    const auto session = any(naive_.services[service].instances).session;
    switch (kind) {
      case StepKind::leave:
        say(session + " leaves");
        world_.leaves(session);
        naive_.leaves(session, false);
        break;
      case StepKind::die:
        say(session + " dies");
        world_.dies(session);
        naive_.leaves(session, true);
        break;
      default:
        say(session + " hangs until it is taken for gone");
        world_.advance(51 * time_unit, session);
        naive_.passes(world_.now());
        naive_.leaves(session, true);
    }
    looks("");
  }
  void pass(LogTime units) {
    say(std::to_string(units) + " ms pass");
    // Nobody is silent for longer than they may be.
    for (; units > 0 && wrong_.empty(); units -= std::min<LogTime>(units, 30)) {
      world_.advance(std::min<LogTime>(units, 30) * time_unit);
      naive_.passes(world_.now());
      looks("");
    }
  }

  std::vector<Draft> emitted_for(const std::string& service, const NaiveBroker::Event& event) {
    Draft draft{
        .id = event.id + ">" + service, .key = event.key, .subject = event.subject, .cause = event.id};
    if (service == "payments" && event.topic == "order.placed") {
      draft.topic = one_in(25) ? "no.topic" : "order.paid";
    } else if (service == "stock" && event.topic == "order.paid") {
      draft.topic = "order.shipped";
    } else {
      return {};
    }
    if (one_in(8)) draft.deliver_at = naive_.now + upto(20) * time_unit;
    return {draft};
  }
  // As an instance does: each key's in order, and nothing behind what is not answered or failed.
  void answer(std::uint64_t share, std::uint64_t nack_share) {
    const auto service = some_service();
    const auto& instances = naive_.services[service].instances;
    if (!instances.empty()) answer(any(instances).session, service, share, nack_share);
  }
  void answer(const std::string session, const std::string& service, std::uint64_t share,
              std::uint64_t nack_share) {
    Answers answers;
    std::set<std::string> waits;
    auto line = session + " answers";
    for (const auto& owed : naive_.services[service].line) {
      if (owed.holder != session || waits.contains(owed.key)) continue;
      const Answers::To to{owed.offset, owed.delivery};
      const auto name = " " + std::to_string(to.offset) + "#" + std::to_string(to.delivery);
      if (upto(99) >= share) {
        waits.insert(owed.key);
        if (one_in(3)) {
          answers.in_progress.push_back(to);
          line += name + " in progress";
        }
      } else if (upto(99) >= nack_share) {
        answers.acks.push_back({to, emitted_for(service, naive_.log[owed.place])});
        line += name;
        for (const auto& draft : answers.acks.back().emits) line += " (" + draft.topic + ")";
      } else {
        waits.insert(owed.key);
        answers.nacks.push_back({to, one_in(4) ? static_cast<std::uint32_t>(1 + upto(8)) : 0, one_in(5)});
        line += name + (answers.nacks.back().reject ? " rejected" : " failed");
      }
      if (one_in(10)) late_.emplace_back(session, to);
    }
    if (answers.acks.empty() && answers.nacks.empty() && answers.in_progress.empty()) return;
    say(line);
    settle(session, answers);
  }
  void settle(const std::string& session, const Answers& answers) {
    naive_.settles(session, answers);
    world_.settles(session, answers);
    looks("");
  }
  void answer_late() {
    if (late_.empty()) return;
    const auto [session, to] = any(late_);
    if (naive_.service_of(session) == nullptr) return;
    say(session + " acks " + std::to_string(to.offset) + "#" + std::to_string(to.delivery) + " late");
    settle(session, {.acks = {{to, {}}}});
  }

  // ---- operators

  std::uint64_t tell(const std::string& service, v1::Command command) {
    command.set_by("ada@host");
    command.set_service(service);
    v1::Request request;
    *request.mutable_command()->mutable_command() = std::move(command);
    const auto reply = world_.asks(std::move(request));
    if (!reply.error().empty()) looks("a command is refused: " + reply.error());
    return reply.command().count();
  }
  void expect(std::uint64_t count, std::uint64_t expected) {
    looks(count == expected
              ? ""
              : "a command is about " + std::to_string(count) + ", not " + std::to_string(expected));
  }
  void pause(bool over) {
    const auto service = some_service();
    if (!naive_.services[service].from) return;
    const LogTime until = one_in(3) ? 0 : naive_.now + (1 + upto(40)) * time_unit;
    v1::Command command;
    if (over) {
      say(service + " is resumed");
      command.mutable_resume();
      naive_.services[service].paused_until = 0;
    } else {
      say(service + " is paused");
      command.mutable_pause()->set_until(until);
      naive_.services[service].paused_until = until == 0 ? ~LogTime{0} : until;
    }
    expect(tell(service, std::move(command)), 1);
  }
  void letters(bool redrive) {
    const auto service = some_service();
    std::set<Place> places;
    for (const auto& [place, key] : naive_.services[service].dead) {
      if (one_in(2)) places.insert(place);
    }
    if (!places.empty()) letters(service, places, redrive);
  }
  void letters(const std::string& service, const std::set<Place>& places, bool redrive) {
    v1::Command command;
    auto& offsets = redrive ? *command.mutable_redrive() : *command.mutable_discard();
    std::string line = service + (redrive ? ": redriven are" : ": discarded are");
    for (const auto place : places) {
      offsets.add_offsets(naive_.log[place].offset);
      line += " " + std::to_string(naive_.log[place].offset);
    }
    say(line);
    const auto expected = redrive ? naive_.redrives(service, places) : naive_.discards(service, places);
    expect(tell(service, std::move(command)), expected);
  }
  void hurry(bool retry) {
    const auto service = some_service();
    std::vector<Offset> failed;
    for (const auto& owed : naive_.services[service].line) {
      if (owed.failed()) failed.push_back(owed.offset);
    }
    if (failed.empty()) return;
    const auto offset = any(failed);
    say(service + (retry ? ": retried now is " : ": given up is ") + std::to_string(offset));
    v1::Command command;
    (retry ? command.mutable_retry_now() : command.mutable_give_up())->add_offsets(offset);
    const bool expected = retry ? naive_.retries_now(service, offset) : naive_.gives_up(service, offset);
    expect(tell(service, std::move(command)), expected ? 1 : 0);
  }
  void replay() {
    const std::string service = "stock";
    if (naive_.log.empty() || !naive_.services[service].replayed_to_read.empty()) return;
    const auto from = upto(naive_.log.size() - 1);
    const auto to = std::min(naive_.log.size() - 1, from + 1 + upto(6));
    if (from >= to || naive_.log[from].offset < naive_.begin) return;
    say(service + ": replayed is from " + std::to_string(naive_.log[from].offset) + " to " +
        std::to_string(naive_.log[to].offset));
    v1::Command command;
    command.mutable_replay()->set_from_offset(naive_.log[from].offset);
    command.mutable_replay()->set_to_offset(naive_.log[to].offset);
    naive_.replays(service, from, to);
    expect(tell(service, std::move(command)), 1);
  }
  void cancel() {
    if (naive_.delayed.empty()) return;
    const auto offset = any(naive_.delayed).offset;
    say("cancelled is " + std::to_string(offset));
    v1::Command command;
    command.set_cancel_delayed(offset);
    const bool expected = naive_.cancels(offset);
    expect(tell("", std::move(command)), expected ? 1 : 0);
  }

  // ---- disk and broker

  void stall(bool full) {
    say(full ? "the disk is full" : "the disk stalls");
    world_.stalls(full);
    looks("");
    at_stall_ = naive_;
    naive_.stalls(full);
  }
  void go_on() {
    say("the disk goes on");
    world_.goes_on();
    naive_.goes_on();
    looks("");
  }
  void retain() {
    say("old segments are deleted");
    naive_.retained(world_.retains());
    looks("");
  }
  void restart() {
    const bool loses = world_.stalled() && one_in(2);
    const bool forgets = one_in(2);
    say(std::string{"the broker is killed"} + (loses ? ", and has lost what was not written" : ""));
    naive_.restarts(loses ? &at_stall_ : nullptr);
    world_.restarts(loses, forgets);
    open_shops();
    looks("");
  }

  // In the end everything is handled, in order, and nothing is left.
  void settle_everything() {
    if (world_.stalled()) go_on();
    random_.seed(1);
    pass(45);  // nobody is punished for what the disk did
    for (const auto& service : {"payments", "stock", "mail"}) {
      if (!naive_.services[service].from) continue;
      v1::Command command;
      command.mutable_resume();
      naive_.services[service].paused_until = 0;
      expect(tell(service, std::move(command)), 1);
      join(service, std::string{service} + "-9", 10, false);
    }
    for (int round = 0; round < 1'000 && wrong_.empty(); ++round) {
      pass(11);
      bool any_left = false;
      for (auto& [name, service] : naive_.services) {
        std::set<Place> letters_left;
        for (const auto& [place, key] : service.dead) letters_left.insert(place);
        if (!letters_left.empty() && wrong_.empty()) letters(name, letters_left, true);
        const auto instances = service.instances;
        for (const auto& one : instances) {
          if (wrong_.empty()) answer(one.session, name, 100, 0);
        }
        any_left =
            any_left || !service.line.empty() || !service.dead.empty() || !service.replayed_to_read.empty();
      }
      if (!any_left) return;
    }
    for (const auto& [name, service] : naive_.services) {
      if (!service.line.empty()) {
        return looks(name + " is never handed the event at " + std::to_string(service.line.front().offset));
      }
      if (!service.dead.empty()) looks(name + " has letters for ever");
    }
  }

  const Load load_;
  World world_;
  NaiveBroker naive_;
  NaiveBroker at_stall_;
  std::mt19937_64 random_;
  std::map<std::string, Publisher> publishers_{{"shop", {}}, {"app", {}}};
  std::uint64_t ids_ = 0;
  std::uint64_t looks_ = 0;
  std::uint64_t sessions_ = 0;
  std::vector<std::pair<std::string, Answers::To>> late_;
  std::vector<Logged> whole_log_;
  std::vector<std::string> history_;
  std::string wrong_;
};

}  // namespace

std::vector<Step> steps_of(const Load& load, std::uint64_t seed) {
  std::vector<unsigned> weights;
  for (const auto& [kind, weight] : load.kinds) weights.push_back(weight);
  std::discrete_distribution<std::size_t> draw{weights.begin(), weights.end()};
  std::mt19937_64 random{seed};
  std::vector<Step> steps;
  for (std::size_t i = 0; i < load.steps; ++i) steps.push_back({load.kinds[draw(random)].first, random()});
  return steps;
}

Outcome walk(const Load& load, const std::vector<Step>& steps) {
  return Walk{load}.run(steps);
}

std::vector<Step> fewest(const Load& load, std::vector<Step> steps) {
  int walks_left = 600;
  for (auto portion = std::max<std::size_t>(1, steps.size() / 2); walks_left > 0;) {
    bool any_left_out = false;
    for (std::size_t from = 0; from < steps.size() && walks_left > 0; --walks_left) {
      auto without = steps;
      const auto begin = without.begin() + static_cast<std::ptrdiff_t>(from);
      without.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(portion, steps.size() - from)));
      if (walk(load, without).wrong.empty()) {
        from += portion;
      } else {
        steps = std::move(without);
        any_left_out = true;
      }
    }
    if (portion == 1 && !any_left_out) break;
    portion = std::max<std::size_t>(1, portion / 2);
  }
  return steps;
}

}  // namespace reel::broker::test
