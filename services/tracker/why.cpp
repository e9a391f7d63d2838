#include "tracker/why.h"

#include <algorithm>

#include "config/units.h"
#include "event/envelope_check.h"
#include "event/quoted_text.h"
#include "tracker/emitters.h"

namespace reel::tracker {
namespace {

constexpr std::uint64_t until_resumed = ~std::uint64_t{0};

template <class Texts>
std::string joined(const Texts& texts, const std::string& last) {
  std::string all;
  for (auto text = texts.begin(); text != texts.end(); ++text) {
    if (text != texts.begin()) all += std::next(text) == texts.end() ? last : ", ";
    all += *text;
  }
  return all;
}

// In the largest unit of which there are two at least: nobody on call wants more of it.
std::string span_text(std::uint64_t earlier, std::uint64_t later) {
  std::uint64_t ms = later > earlier ? (later - earlier) / 1'000'000 : 0;
  for (const std::uint64_t unit : {86'400'000u, 3'600'000u, 60'000u, 1'000u}) {
    if (ms >= 2 * unit) {
      ms -= ms % unit;
      return std::to_string(ms / unit) + (unit == 86'400'000  ? "d"
                                          : unit == 3'600'000 ? "h"
                                          : unit == 60'000    ? "m"
                                                              : "s");
    }
  }
  return std::to_string(ms) + "ms";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Walk {
  using Event = v1::FatesReply::Event;
  using Delivery = v1::FatesReply::Delivery;  // not the inbox's
  using Failing = v1::ServiceCheck::Failing;

 public:
  enum class Checks : std::uint8_t { considered, left_out };

  explicit Walk(const WhyFacts& facts, Checks checks = Checks::considered)
      : facts_{facts}, checks_{checks}, candidates_{candidates_of(facts)}, after_{facts.fates.events(0)} {
    const auto& topics =
        facts.expectation.missing().empty() ? facts.expectation.expected() : facts.expectation.missing();
    missing_.assign(topics.begin(), topics.end());
  }

  v1::Cause first() {
    if (after_.topic().empty()) {
      return cause_not_known("the journal does not hold the event any more that should have led to it");
    }
    const bool found = refused() || elsewhere() || part() || kept_from_handling(true) || delayed() ||
                       alike() || silent() || not_wanted() || upstream();
    if (!found) no_subscriber();
    const std::string& after = facts_.expectation.after();
    if (facts_.of_whole_flow && !after.empty())
      cause_.set_sentence(what() + " after " + after + " is open: " + cause_.sentence());
    return std::move(cause_);
  }

 private:
  [[nodiscard]] std::string what() const {
    if (missing_.empty()) return "the flow's end";
    return joined(missing_, facts_.expectation.any_of() ? " or " : " and ");
  }
  [[nodiscard]] const std::string& after_topic() const { return after_.topic(); }
  [[nodiscard]] bool is_missing(const std::string& topic) const { return contains(missing_, topic); }

  v1::Cause& begin(v1::CauseKind kind) {
    cause_ = {};
    cause_.set_kind(kind);
    return cause_;
  }
  void about(const Event& event) {
    cause_.set_topic(event.topic());
    cause_.set_id(event.id());
    cause_.set_offset(event.offset());
  }
  void suggest(std::string command) { cause_.add_commands(std::move(command)); }
  [[nodiscard]] static std::string id_text(std::string_view id) { return in_quotes(id, id_bytes_max); }
  [[nodiscard]] std::string flow_option() const {
    return (facts_.correlationid.starts_with('-') ? " --flow=" : " --flow ") +
           shell_word(facts_.correlationid);
  }

  bool refused() {
    for (const auto& flow : facts_.fates.flows()) {
      for (const auto& refused : flow.refused()) {
        if (!is_missing(refused.topic()) || refused.at() < facts_.expectation.armed_at()) continue;
        const bool allowed = refused.reason() != "not_allowed";
        begin(allowed ? v1::CAUSE_REFUSED : v1::CAUSE_NOT_ALLOWED)
            .set_sentence(refused.service() + (allowed ? " published " : " tried to publish ") +
                          refused.topic() + " and was refused: " + refused.text());
        cause_.set_service(refused.service());
        cause_.set_error_type(refused.reason());
        cause_.set_error(refused.text());
        cause_.set_topic(refused.topic());
        cause_.set_id(refused.id());
        cause_.set_since(refused.at());
        cause_.set_attempt(static_cast<std::uint32_t>(std::min<std::uint64_t>(refused.times(), 0xffff'ffff)));
        suggest_to_mend(refused.service());
        return true;
      }
    }
    return false;
  }

  // Where it was emitted by a handler, that handler's event was not acked with it.
  void suggest_to_mend(const std::string& service) {
    for (const Event& event : facts_.fates.events()) {
      for (const Delivery& delivery : event.deliveries()) {
        if (delivery.service() != service) continue;
        if (delivery.fate() == v1::SERVICE_FATE_DEAD) suggest(redrive(event, delivery));
        if (delivery.fate() == v1::SERVICE_FATE_RETRYING) suggest(retry_now(event, delivery));
      }
    }
    suggest("reel event --offset " + std::to_string(after_.offset()));
  }
  static std::string redrive(const Event& event, const Delivery& delivery) {
    return "reel dead redrive " + std::to_string(event.offset()) + " --service " + delivery.service();
  }
  static std::string retry_now(const Event& event, const Delivery& delivery) {
    return "reel retries now " + std::to_string(event.offset()) + " --service " + delivery.service();
  }

  void other(const Strayed& strayed, const std::string& how) {
    const auto& [stray, topic] = strayed;
    begin(v1::CAUSE_OTHER_CORRELATION)
        .set_sentence(topic + " came under the correlation id " + id_text(stray.correlationid) + ", " + how +
                      ": " + std::string{service_of(stray.source)} + " does not keep the flow together");
    cause_.set_service(std::string{service_of(stray.source)});
    cause_.set_topic(topic);
    cause_.set_id(stray.id);
    cause_.set_offset(stray.offset);
    cause_.set_correlationid(stray.correlationid);
    suggest("reel flow " + last_shell_word(stray.correlationid));
  }
  bool elsewhere() {
    if (facts_.elsewhere) other(*facts_.elsewhere, "though an event of this flow caused it");
    return facts_.elsewhere.has_value();
  }
  bool part() {
    if (!facts_.part || facts_.part->state() == v1::FLOW_STATE_COMPLETED) return false;
    const v1::FlowSummary& part = *facts_.part;
    std::string sentence = what() + " has begun as " + as_name(part.correlationid()) + ", which ";
    if (part.overdue().empty()) {
      sentence += "is under way" + (part.last_topic().empty() ? "" : ", lately with " + part.last_topic());
    } else {
      const auto& owed = part.overdue(0);
      sentence +=
          "is overdue itself: " +
          (owed.missing().empty() ? "its end" : joined(owed.missing(), owed.any_of() ? " or " : " and ")) +
          " has not come";
    }
    begin(v1::CAUSE_SUBFLOW).set_sentence(std::move(sentence));
    cause_.set_correlationid(part.correlationid());
    cause_.set_since(part.started_at());
    suggest("reel why " + last_shell_word(part.correlationid()));
    return true;
  }

  bool alike() {
    if (!facts_.alike) return false;
    const Stray& stray = facts_.alike->stray;
    const bool by_key = !stray.key.empty() && stray.key == after_.partitionkey();
    other(*facts_.alike, by_key ? "with the same key " + id_text(stray.key)
                                : "with the same subject " + id_text(stray.subject));
    return true;
  }

  bool delayed() {
    if (facts_.fates.flows().empty() || facts_.fates.flows(0).delayed() == 0) return false;
    const auto count = facts_.fates.flows(0).delayed();
    begin(v1::CAUSE_DELAYED)
        .set_sentence(std::to_string(count) + " event" +
                      (count == 1 ? " of this flow waits for its" : "s of this flow wait for their") +
                      " delivertime");
    cause_.set_waiting(count);
    suggest("reel delayed");
    return true;
  }

  // Of the candidates', or of anybody's, deliveries of the flow's events from A on: the first that is not
  // done.
  bool kept_from_handling(bool candidates_only) {
    for (const Event& event : facts_.fates.events()) {
      for (const Delivery& delivery : event.deliveries()) {
        if (candidates_only && !contains(candidates_, delivery.service())) continue;
        if (trouble(event, delivery)) return true;
      }
    }
    return false;
  }
  bool trouble(const Event& event, const Delivery& delivery) {
    const auto& service = service_state(delivery.service());
    switch (delivery.fate()) {
      case v1::SERVICE_FATE_DEAD: dead(event, delivery); break;
      case v1::SERVICE_FATE_PARKED: parked(event, delivery); break;
      case v1::SERVICE_FATE_WAITING:
        if (service.paused_until() != 0) {
          paused(event, delivery, service);
        } else if (service.instances() == 0) {
          offline(event, delivery, service);
        } else {
          backlog(event, delivery, service);
        }
        break;
      case v1::SERVICE_FATE_RETRYING:
        if (delivery.since() == 0 && service.paused_until() != 0) {
          paused(event, delivery, service);
        } else if (delivery.since() == 0 && service.instances() == 0) {
          offline(event, delivery, service);
        } else {
          retrying(event, delivery, service);
        }
        break;
      case v1::SERVICE_FATE_IN_FLIGHT: in_handler(event, delivery); break;
      default: return false;
    }
    cause_.set_service(delivery.service());
    about(event);
    consider_checks(service, delivery.instance());
    return true;
  }
  [[nodiscard]] const v1::FatesReply::Service& service_state(const std::string& name) const {
    for (const auto& service : facts_.fates.services()) {
      if (service.service() == name) return service;
    }
    return v1::FatesReply::Service::default_instance();
  }

  static std::string error_text(const Delivery& delivery) {
    if (delivery.error().empty())
      return delivery.error_type().empty() ? "no reason was given" : delivery.error_type();
    return delivery.error();
  }
  void set_failure(const Delivery& delivery) {
    cause_.set_attempt(delivery.attempt());
    cause_.set_error_type(delivery.error_type());
    cause_.set_error(delivery.error());
  }

  void dead(const Event& event, const Delivery& delivery) {
    begin(v1::CAUSE_DEAD_LETTERED)
        .set_sentence(event.topic() + " is a dead letter of " + delivery.service() + " after " +
                      std::to_string(delivery.attempt()) +
                      (delivery.attempt() == 1 ? " attempt: " : " attempts: ") + error_text(delivery));
    set_failure(delivery);
    cause_.set_since(delivery.since());
    suggest(redrive(event, delivery));
  }
  void parked(const Event& event, const Delivery& delivery) {
    begin(v1::CAUSE_DEAD_LETTERED)
        .set_sentence(event.topic() + " is parked for " + delivery.service() +
                      " behind a dead letter of its key");
    suggest("reel dead --service " + delivery.service());
  }
  void paused(const Event& event, const Delivery& delivery, const v1::FatesReply::Service& service) {
    const bool open = service.paused_until() == until_resumed;
    begin(v1::CAUSE_PAUSED)
        .set_sentence(delivery.service() + " is paused" +
                      (service.paused_by().empty() ? "" : " by " + service.paused_by()) +
                      (open ? " until somebody resumes it"
                            : " for another " + span_text(facts_.fates.now(), service.paused_until())) +
                      ", and " + event.topic() + " waits for it");
    cause_.set_by(service.paused_by());
    cause_.set_until(open ? 0 : service.paused_until());
    cause_.set_waiting(service.waiting());
    suggest("reel resume " + delivery.service());
  }
  void offline(const Event& event, const Delivery& delivery, const v1::FatesReply::Service& service) {
    begin(v1::CAUSE_SERVICE_OFFLINE)
        .set_sentence("no instance of " + delivery.service() + " has been there for " +
                      span_text(service.offline_since(), facts_.fates.now()) + ", and " + event.topic() +
                      " waits for it");
    cause_.set_since(service.offline_since());
    cause_.set_waiting(service.waiting());
    suggest("reel services");
  }
  void backlog(const Event& event, const Delivery& delivery, const v1::FatesReply::Service& service) {
    begin(v1::CAUSE_BACKLOG)
        .set_sentence(event.topic() + " is one of " + (service.behind() ? "more than " : "") +
                      std::to_string(service.waiting()) + " events that wait for " + delivery.service());
    cause_.set_waiting(service.waiting());
    suggest("reel services");
  }
  void in_handler(const Event& event, const Delivery& delivery) {
    begin(v1::CAUSE_IN_HANDLER)
        .set_sentence(delivery.service() + " has had " + event.topic() +
                      (delivery.since() == 0
                           ? std::string{" and its answer is being written"}
                           : " in its hands for " + span_text(delivery.since(), facts_.fates.now()) +
                                 " without an answer"));
    cause_.set_instance(delivery.instance());
    cause_.set_since(delivery.since());
    suggest("reel event --offset " + std::to_string(event.offset()));
  }
  void retrying(const Event& event, const Delivery& delivery, const v1::FatesReply::Service& service) {
    const std::string again = delivery.since() != 0 ? ", and is in the next"
                              : delivery.retry_at() > facts_.fates.now()
                                  ? ", the next is in " + span_text(facts_.fates.now(), delivery.retry_at())
                                  : ", the next is due";
    const auto attempts = delivery.attempts() != 0 ? delivery.attempts() : service.attempts();
    begin(v1::CAUSE_RETRYING)
        .set_sentence(delivery.service() + " failed at " + event.topic() + " in attempt " +
                      std::to_string(delivery.attempt()) + " of " + std::to_string(attempts) + " (" +
                      error_text(delivery) + ")" + again);
    set_failure(delivery);
    cause_.set_attempts(attempts);
    cause_.set_until(delivery.retry_at());
    cause_.set_instance(delivery.instance());
    cause_.set_since(delivery.since());
    suggest(retry_now(event, delivery));
  }

  // A check that fails says more than that an event waits, or that nothing came of it. What failed at the
  // event itself, or who keeps it, is the nearer cause: the check is told beside it. Where one instance has
  // the event, only its own checks matter.
  void consider_checks(const v1::FatesReply::Service& service, const std::string& instance) {
    if (checks_ == Checks::left_out) return;
    const auto failed = std::find_if(
        service.failed_checks().begin(), service.failed_checks().end(),
        [&](const v1::ServiceCheck& check) { return instance.empty() || fails_on(check, instance); });
    if (failed == service.failed_checks().end() || failed->failing().empty()) return;
    const v1::ServiceCheck& check = *failed;
    const Failing& failing = failing_on(check, instance);
    cause_.set_check(check.name());
    if (!gives_way(cause_.kind()))
      return cause_.set_sentence(cause_.sentence() + "; its " + failing_text(check, failing));
    cause_.set_kind(v1::CAUSE_CHECK_FAILED);
    cause_.set_service(service.service());
    cause_.set_sentence(failing_text(check, failing, " of " + service.service()) + ", and " +
                        cause_.sentence());
    cause_.set_instance(failing.instance());
    cause_.set_since(failing.since());
    cause_.set_error(failing.reason());
    if (cause_.commands().empty() || *cause_.commands().rbegin() != "reel services") suggest("reel services");
  }
  static bool gives_way(v1::CauseKind kind) {
    return kind == v1::CAUSE_BACKLOG || kind == v1::CAUSE_IN_HANDLER ||
           kind == v1::CAUSE_HANDLED_BUT_SILENT || kind == v1::CAUSE_NO_SUBSCRIBER;
  }
  // Of the first that has one that fails.
  void consider_checks_of(const std::vector<std::string>& services) {
    for (const auto& service : services) {
      if (cause_.check().empty()) consider_checks(service_state(service), "");
    }
  }
  static const Failing* told_of(const v1::ServiceCheck& check, const std::string& instance) {
    const auto found = std::find_if(check.failing().begin(), check.failing().end(),
                                    [&](const Failing& one) { return one.instance() == instance; });
    return found == check.failing().end() ? nullptr : &*found;
  }
  static bool fails_on(const v1::ServiceCheck& check, const std::string& instance) {
    return check.failed() == check.instances() || told_of(check, instance) != nullptr;
  }
  // What is said of a check is what one instance said of it: the one that has the event, else who has failed
  // for longest.
  static const Failing& failing_on(const v1::ServiceCheck& check, const std::string& instance) {
    const Failing* const told = told_of(check, instance);
    return told != nullptr ? *told : check.failing(0);
  }
  // "check 'database' of payments has failed for 40s on 2 of 3 instances (connection refused)"
  [[nodiscard]] std::string failing_text(const v1::ServiceCheck& check, const Failing& failing,
                                         const std::string& whose = "") const {
    return "check " + in_quotes(check.name()) + whose + " has failed for " +
           span_text(failing.since(), facts_.fates.now()) +
           (check.instances() == 1 ? ""
                                   : " on " + std::to_string(check.failed()) + " of " +
                                         std::to_string(check.instances()) + " instances") +
           " (" + (failing.reason().empty() ? "no reason was given" : failing.reason()) + ")";
  }

  bool silent() {
    for (const Event& event : facts_.fates.events()) {
      std::vector<std::string> handled;
      for (const Delivery& delivery : event.deliveries()) {
        if (delivery.fate() == v1::SERVICE_FATE_SETTLED && contains(candidates_, delivery.service()))
          handled.push_back(delivery.service());
      }
      if (handled.empty()) continue;
      begin(v1::CAUSE_HANDLED_BUT_SILENT)
          .set_sentence(joined(handled, " and ") + " handled " + event.topic() + " and did not emit " +
                        what());
      cause_.set_service(handled.front());
      about(event);
      suggest("reel event --offset " + std::to_string(event.offset()));
      suggest("reel replay --to " + handled.front() + flow_option());
      consider_checks_of(handled);
      if (!emits_any(handled)) consider_checks_of(would_emit(facts_));
      return true;
    }
    return false;
  }

  bool not_wanted() {
    for (const Delivery& delivery : after_.deliveries()) {
      if (!contains(candidates_, delivery.service())) continue;
      if (delivery.fate() == v1::SERVICE_FATE_FILTERED) {
        begin(v1::CAUSE_FILTERED_OUT)
            .set_sentence("the filter of " + delivery.service() + " leaves out this " + after_topic());
        suggest("reel explain --offset " + std::to_string(after_.offset()));
      } else if (delivery.fate() == v1::SERVICE_FATE_EARLIER) {
        begin(v1::CAUSE_NO_SUBSCRIBER)
            .set_sentence(delivery.service() + " subscribed to " + after_topic() + " only after this one");
        suggest("reel replay --to " + delivery.service() + flow_option() + " --from " +
                std::to_string(after_.offset()));
      } else {
        continue;
      }
      cause_.set_service(delivery.service());
      about(after_);
      return true;
    }
    return false;
  }

  // Whether it need not come from outside.
  [[nodiscard]] bool emits_any(const std::vector<std::string>& services) const {
    return std::any_of(services.begin(), services.end(),
                       [&](const std::string& service) { return contains(facts_.emitters, service); });
  }
  bool upstream() { return emits_any(candidates_) && kept_from_handling(false); }

  void no_subscriber() {
    const bool owned = !facts_.expectation.owner().empty();
    begin(v1::CAUSE_NO_SUBSCRIBER)
        .set_sentence(owned ? facts_.expectation.owner() + ", which should emit " + what() +
                                  ", does not subscribe to " + after_topic()
                            : "nobody subscribes to " + after_topic() + ", which should lead to " + what());
    cause_.set_service(facts_.expectation.owner());
    about(after_);
    suggest("reel topics");
    suggest("reel services");
    // An owner that subscribes to other topics is no publisher from outside: it lacks this subscription.
    if (!owned || !subscribes(facts_.expectation.owner())) consider_checks_of(would_emit(facts_));
  }
  // Who only publishes has no policy, so no attempts.
  [[nodiscard]] bool subscribes(const std::string& service) const {
    return service_state(service).attempts() != 0;
  }

  const WhyFacts& facts_;
  const Checks checks_;
  const std::vector<std::string> candidates_;
  const Event& after_;
  std::vector<std::string> missing_;
  v1::Cause cause_;
};

}  // namespace

std::vector<std::string> would_emit(const WhyFacts& facts) {
  if (!facts.expectation.owner().empty()) return {facts.expectation.owner()};
  return facts.emitters;
}

std::vector<std::string> candidates_of(const WhyFacts& facts) {
  if (!facts.expectation.owner().empty()) return {facts.expectation.owner()};
  std::vector<std::string> all;
  std::vector<std::string> seen;
  for (const auto& event : facts.fates.events()) {
    for (const auto& delivery : event.deliveries()) {
      if (&event == &facts.fates.events(0)) all.push_back(delivery.service());
      if (contains(facts.emitters, delivery.service()) && !contains(seen, delivery.service()))
        seen.push_back(delivery.service());
    }
  }
  return seen.empty() ? all : seen;
}

v1::Cause why(const WhyFacts& facts) {
  return Walk{facts}.first();
}

// A check says what is wrong with a service, not whether it is done with the event: what has been handled
// does not come back when the check passes.
bool is_hopeless(const WhyFacts& facts, v1::CauseKind cause) {
  if (cause == v1::CAUSE_CHECK_FAILED) cause = Walk{facts, Walk::Checks::left_out}.first().kind();
  switch (cause) {
    case v1::CAUSE_HANDLED_BUT_SILENT:
    case v1::CAUSE_DEAD_LETTERED:
    case v1::CAUSE_NOT_ALLOWED:
    case v1::CAUSE_REFUSED:
    case v1::CAUSE_OTHER_CORRELATION: break;
    default: return false;
  }
  if (facts.expectation.owner().empty() && facts.emitters.empty()) return false;
  std::vector<std::string> given;
  for (const auto& event : facts.fates.events()) {
    for (const auto& delivery : event.deliveries()) given.push_back(delivery.service());
  }
  return std::all_of(facts.emitters.begin(), facts.emitters.end(),
                     [&](const std::string& service) { return contains(given, service); });
}

v1::Cause cause_not_known(std::string reason) {
  v1::Cause cause;
  cause.set_sentence(std::move(reason));
  return cause;
}

}  // namespace reel::tracker
