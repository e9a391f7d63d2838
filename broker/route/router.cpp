#include "route/router.h"

#include <stdexcept>
#include <utility>

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
        if (!wanted(derivation, cause)) continue;
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

  // The one place where a route's `when` will be asked about the event.
  static bool wanted(const Derivation&, const EventView&) { return true; }

  const Router& router_;
};

Router::Router(const config::Model& model) {
  for (const auto& route : model.routes) {
    const auto to = model.topics.find(route.to);
    derivations_[route.from].push_back({route.to, to == model.topics.end() || to->second.durable});
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

void Router::subscribe(ServiceIndex service, std::span<const std::string> patterns) {
  unsubscribe(service);
  for (const auto& pattern : patterns) trie_.insert(pattern, service);
  patterns_[service].assign(patterns.begin(), patterns.end());
}

void Router::unsubscribe(ServiceIndex service) {
  results_.clear();
  const auto found = patterns_.find(service);
  if (found == patterns_.end()) return;
  for (const auto& pattern : found->second) trie_.erase(pattern, service);
  patterns_.erase(found);
}

const RouteResult& Router::route(std::string_view topic) {
  if (const auto found = results_.find(topic); found != results_.end()) return found->second;
  if (results_.size() >= routed_topics_max) results_.clear();
  RouteResult result{.services = trie_.match(topic), .derivations = {}};
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
