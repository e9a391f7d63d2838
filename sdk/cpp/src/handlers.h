// The handlers of a service, plain ones and those that take events in batches, and the topics they are for.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_pattern.h"
#include "reel/batch.h"
#include "reel/context.h"
#include "reel/v1/wire.pb.h"
#include "reel/when.h"

namespace reel::sdk {

using Handler = std::function<void(Context&)>;

/// What on_batch() registers.
struct BatchHandler {
  std::string pattern;
  BatchOptions options;
  const google::protobuf::Message* type = nullptr;  ///< what events are parsed as; none: they are not
  std::function<void(BatchCall&)> handler;
  std::size_t number = 0;  ///< of the service's batch handlers, from 0
};

/// A handler, of either kind, and what it wants of its pattern's events; nothing: all of them.
struct ChoosyHandler {
  Handler handler;
  std::optional<EventPattern> when;
  std::unique_ptr<const BatchHandler> batch;
};

/// The handlers whose patterns match a topic, in the order of registration.
struct HandlerSet {
  std::vector<const ChoosyHandler*> handlers;
  /// The one that takes the topic's events in batches, if they have such a one: then it is the only one.
  [[nodiscard]] const BatchHandler* batch() const {
    return handlers.empty() ? nullptr : handlers.front()->batch.get();
  }
};

/// Filled before the service runs, read-only after.
class HandlerRegistry {
 public:
  /// Throws std::invalid_argument where `pattern` is not one or is there already, or `when` is none for
  /// events of this type (nullptr: of any).
  void add(std::string_view pattern, Handler handler, const When& when = {},
           const google::protobuf::Descriptor* type = nullptr);
  /// The same, and where its options are out of their bounds, or another handler's pattern and this one, one
  /// of them a batch handler's, may match one topic.
  void add_batch(BatchHandler handler, const When& when = {});
  [[nodiscard]] std::vector<std::string> patterns() const;
  /// By their number.
  [[nodiscard]] std::vector<const BatchHandler*> batches() const;
  /// Adds patterns and filters.
  void describe(v1::Subscribe& subscribe) const;
  [[nodiscard]] HandlerSet match(std::string_view topic) const;

 private:
  struct Entry {
    std::string pattern;
    std::string when;
    ChoosyHandler handler;
  };
  void check(std::string_view pattern, bool in_batches) const;
  std::deque<Entry> entries_;
};

/// HandlerSets by topic, remembered. For one thread.
class HandlerCache {
 public:
  explicit HandlerCache(const HandlerRegistry& registry) : registry_{registry} {}
  /// Valid as long as the cache.
  [[nodiscard]] const HandlerSet& at(std::string_view topic);

 private:
  const HandlerRegistry& registry_;
  std::map<std::string, HandlerSet, std::less<>> sets_;
};

}  // namespace reel::sdk
