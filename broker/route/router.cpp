#include "route/router.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "event/pattern_begin.h"
#include "event/uuid.h"

namespace reel::broker {

// Writes derived events: one run per route and run of the batch, chains of routes depth first.
class Router::Deriver {
 public:
  explicit Deriver(const Router& router) : router_{router} {}

  void derive_all(const StoredBatch& batch) {
    for (const auto& run : batch.runs) {
      if (!router_.derivations_.contains(run.topic)) continue;
      std::vector<EventView> events;
      for (auto i = run.first_event; i < run.first_event + run.event_count; ++i) {
        if (auto event = read_event(batch.events[i].bytes)) events.push_back(*event);
      }
      derive({.source = run.source, .topic = run.topic, .dataschema = run.dataschema}, events);
    }
  }

  BatchWriter journal;
  BatchWriter live;

 private:
  // `causes` are events on head.topic: admitted ones, or derived ones when routes follow each other.
  void derive(const RunHead& head, const std::vector<EventView>& causes) {
    const auto found = router_.derivations_.find(head.topic);
    if (found == router_.derivations_.end()) return;
    for (const auto& derivation : found->second) {
      const RunHead derived{.source = broker_source, .topic = derivation.to, .dataschema = head.dataschema};
      auto& writer = derivation.durable ? journal : live;
      std::vector<std::string> ids;
      std::vector<EventView> events;
      ids.reserve(causes.size());  // views point into it
      for (const auto& cause : causes) {
        if (!wanted(derivation, head, cause)) continue;
        ids.push_back(uuid_v8(hash_128({cause.id, head.source, "route", derivation.to})));
        auto event = cause;
        event.id = ids.back();
        event.causationid = cause.id;
        if (events.empty()) writer.begin_run(derived);
        writer.add(event, event.has_attributes ? attributes_of(event.bytes) : std::vector<Attribute>{});
        events.push_back(event);  // its bytes are still the first cause's, which its attributes are read from
      }
      derive(derived, events);
    }
  }

  // The one place where a route's `when` is asked about the event.
  bool wanted(const Derivation& derivation, const RunHead& head, const EventView& event) const {
    if (!derivation.when) return true;
    JudgedEvent judged{head, event, router_.parser()};
    return derivation.when->matches(judged);
  }

  const Router& router_;
};

Router::Router(const config::Model& model, const SchemaSet* schemas) {
  take_up(model, schemas);
}

void Router::take_up(const config::Model& model, const SchemaSet* schemas) {
  schemas_ = schemas;
  parser_ =
      schemas != nullptr ? std::make_unique<PayloadParser>(*schemas) : std::make_unique<PayloadParser>();
  results_.clear();
  ++revision_;
  types_.clear();
  derivations_.clear();
  for (const auto& [name, topic] : model.topics) types_.emplace(name, topic.type);
  for (const auto& route : model.routes) {
    const auto to = model.topics.find(route.to);
    auto& derivation = derivations_[route.from].emplace_back();
    derivation.to = route.to;
    derivation.durable = to == model.topics.end() || to->second.durable;
    if (route.when.empty()) continue;
    auto compiled = EventPattern::compile(route.when);
    if (!compiled.pattern) {
      throw std::invalid_argument{"the route from " + route.from + " to " + route.to +
                                  " has a bad when: " + compiled.error.text()};
    }
    derivation.when = std::move(compiled.pattern);
  }
  for (const auto& [from, to] : derivations_) {
    const auto count = count_derived(from, 0);
    if (count > derived_per_event_max) {
      throw std::invalid_argument{"routes derive more than " + std::to_string(derived_per_event_max) +
                                  " events from one on topic " + from};
    }
  }
}

// Stops counting once the limit is passed.
std::size_t Router::count_derived(const std::string& from, std::size_t depth) const {
  if (depth > derivations_.size())
    throw std::invalid_argument{"routes run in a circle through topic " + from};
  const auto found = derivations_.find(from);
  if (found == derivations_.end()) return 0;
  std::size_t count = 0;
  for (const auto& derivation : found->second) {
    count += 1 + count_derived(derivation.to, depth + 1);
    if (count > derived_per_event_max) break;
  }
  return count;
}

void Router::subscribe(ServiceIndex service, std::span<const v1::Pattern> patterns) {
  unsubscribe(service);
  auto& subscriptions = patterns_[service];
  for (const auto& pattern : patterns) {
    trie_.insert(pattern.pattern(), service);
    // A `when` of the journal that this version does not take: too many events are better than too few.
    auto when = pattern.when().empty() ? std::nullopt : EventPattern::compile(pattern.when()).pattern;
    subscriptions.push_back({pattern, std::move(when)});
  }
}

void Router::subscribe(ServiceIndex service, std::span<const std::string> patterns) {
  std::vector<v1::Pattern> plain(patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) plain[i].set_pattern(patterns[i]);
  subscribe(service, plain);
}

void Router::unsubscribe(ServiceIndex service) {
  results_.clear();
  ++revision_;
  const auto found = patterns_.find(service);
  if (found == patterns_.end()) return;
  for (const auto& subscription : found->second) trie_.erase(subscription.pattern.pattern(), service);
  patterns_.erase(found);
}

std::optional<std::string> Router::check_when(const std::string& pattern, std::string_view when) const {
  const auto type = types_.find(pattern);
  const auto* const known =
      schemas_ == nullptr || type == types_.end() ? nullptr : schemas_->find(type->second);
  const auto compiled = EventPattern::compile(when, known);
  return compiled.pattern ? std::nullopt : std::optional{compiled.error.text()};
}

// Nothing where a pattern without `when` holds wherever one with it does: then there is nothing to ask.
std::optional<Choosy> Router::choosy_about(ServiceIndex service, std::string_view topic) const {
  Choosy choosy{.service = service, .wishes = {}};
  for (const auto& subscription : patterns_.at(service)) {
    if (matches(subscription.pattern.pattern(), topic))
      choosy.wishes.push_back({begin_of(subscription.pattern, topic), subscription.when});
  }
  // The cheapest to ask stands first.
  std::stable_sort(choosy.wishes.begin(), choosy.wishes.end(), [](const auto& a, const auto& b) {
    const auto cost = [](const Choosy::Wish& wish) {
      return !wish.when ? 0 : wish.when->looks_at_data() ? 2 : 1;
    };
    return cost(a) != cost(b) ? cost(a) < cost(b) : a.from < b.from;
  });
  const auto& first = choosy.wishes.front();
  const bool takes_all =
      !first.when && std::all_of(choosy.wishes.begin(), choosy.wishes.end(),
                                 [&](const auto& wish) { return !wish.when || wish.from >= first.from; });
  return takes_all ? std::nullopt : std::optional{std::move(choosy)};
}

const Choosy* Router::choosy(ServiceIndex service, std::string_view topic) {
  const auto& all = route(topic).choosy;
  const auto found =
      std::lower_bound(all.begin(), all.end(), service,
                       [](const Choosy& one, ServiceIndex wanted) { return one.service < wanted; });
  return found == all.end() || found->service != service ? nullptr : &*found;
}

const RouteResult& Router::route(std::string_view topic) {
  if (const auto found = results_.find(topic); found != results_.end()) return found->second;
  if (results_.size() >= routed_topics_max) results_.clear();
  RouteResult result;
  result.services = trie_.match(topic);
  for (const auto service : result.services) {
    if (auto choosy = choosy_about(service, topic)) result.choosy.push_back(*std::move(choosy));
  }
  result.choosy_index = ChoosyIndex{result.choosy};
  if (const auto found = derivations_.find(topic); found != derivations_.end())
    result.derivations = found->second;
  return results_.emplace(topic, std::move(result)).first->second;
}

void Router::derive(StoredBatch& journal, StoredBatch& live) const {
  if (derivations_.empty()) return;
  Deriver deriver{*this};
  deriver.derive_all(journal);
  deriver.derive_all(live);
  if (!deriver.journal.empty()) journal.append_own(deriver.journal.take());
  if (!deriver.live.empty()) live.append_own(deriver.live.take());
}

}  // namespace reel::broker
