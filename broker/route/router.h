// Routing: which services an event goes to, and which further events it gives rise to.
//
//   Router router{model};
//   router.subscribe(payments, {"order.placed", "refund.>"});
//   router.derive(admitted.journal, admitted.live);                 // routes of the configuration
//   for (const auto service : router.route(run.topic).services) …   // once per run
//
// What a topic's events lead to is worked out once per topic and kept until a subscription changes. Where a
// pattern has a `when`, the topic does not decide alone: such services are `choosy` about it, and are asked
// for each event. Sans-IO; owned by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model.h"
#include "event/batch.h"
#include "event/event_pattern.h"
#include "event/topic.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"
#include "route/choosy.h"

namespace reel::broker {

/// Events that one event may give rise to through routes. Chains of routes that fan out multiply; a
/// configuration that means this many has made a mistake.
inline constexpr std::size_t derived_per_event_max = 64;

/// Topics whose result is kept. Admitted topics are those of the configuration; journals of other days may
/// hold more.
inline constexpr std::size_t routed_topics_max = 65'536;

/// A route as seen from its `from`.
struct Derivation {
  std::string to;
  bool durable = true;
  std::optional<EventPattern> when;
};

struct RouteResult {
  /// Subscribed to the topic: ascending, each once.
  std::vector<ServiceIndex> services;
  /// Those of them that must be asked about each event; ascending.
  std::vector<Choosy> choosy;
  ChoosyIndex choosy_index;  ///< the same, to be asked all at once
  /// What each event of the topic gives rise to directly; those may have routes of their own.
  std::vector<Derivation> derivations;
};

class Router {
 public:
  /// Throws std::invalid_argument where routes run in a circle, one event would give rise to more than
  /// derived_per_event_max others, or a `when` is none. Checking the configuration has ruled out the first
  /// and the last. Payloads are read as `schemas` say, which must outlive this; without, as the types say
  /// that are compiled into the program.
  explicit Router(const config::Model& model, const SchemaSet* schemas = nullptr);

  /// Routes and types are those of another configuration from here on; who subscribes to what stays. Throws
  /// as the constructor does, and is then in no state to be used: whoever is not sure tries a Router of its
  /// own.
  void take_up(const config::Model& model, const SchemaSet* schemas);

  /// From here on `service` wants what these patterns match, and nothing else. They must have passed
  /// check_pattern, and each `when` check_when: what cannot be compiled is not asked.
  void subscribe(ServiceIndex service, std::span<const v1::Pattern> patterns);
  /// The same without any `when`.
  void subscribe(ServiceIndex service, std::span<const std::string> patterns);
  /// It wants nothing.
  void unsubscribe(ServiceIndex service);

  /// Where events on `topic` go. The reference is good until the next call that is not const.
  [[nodiscard]] const RouteResult& route(std::string_view topic);

  /// Nothing where `when` can be asked about events on `pattern`; else what is wrong with it. Where the
  /// pattern is one topic of the configuration, its type must have the fields.
  [[nodiscard]] std::optional<std::string> check_when(const std::string& pattern,
                                                      std::string_view when) const;

  /// Who is choosy about `topic`, by service; nullptr where `service` wants all of it or nothing.
  [[nodiscard]] const Choosy* choosy(ServiceIndex service, std::string_view topic);
  /// Changes where somebody wants something else, or events are read otherwise: what was asked before may no
  /// longer be so. Never 0.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// For reading payloads of the mesh.
  [[nodiscard]] PayloadParser& parser() const { return *parser_; }

  /// Appends to these two halves of an admitted batch what routes derive from their events, each to the half
  /// that its topic belongs to. A derived event is the event that caused it, payload and all, with an id made
  /// from its cause, so that doing it twice makes the same event.
  void derive(StoredBatch& journal, StoredBatch& live) const;

 private:
  class Deriver;
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <typename Value>
  using ByTopic = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

  std::size_t count_derived(const std::string& from, std::size_t depth) const;

  struct Subscription {
    v1::Pattern pattern;
    std::optional<EventPattern> when;
  };
  [[nodiscard]] std::optional<Choosy> choosy_about(ServiceIndex service, std::string_view topic) const;

  const SchemaSet* schemas_ = nullptr;
  std::map<std::string, std::string, std::less<>> types_;  // by topic of the configuration
  std::unique_ptr<PayloadParser> parser_;
  ByTopic<std::vector<Derivation>> derivations_;
  TopicTrie trie_;
  std::map<ServiceIndex, std::vector<Subscription>> patterns_;
  ByTopic<RouteResult> results_;
  std::uint64_t revision_ = 1;
};

}  // namespace reel::broker
