// Running handlers: which ones an event is for, what they see of it (Context), what they publish, and how
// what they throw is understood. Used by the workers of a service and, without a broker, by TestBus.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "event/event_pattern.h"
#include "reel/context.h"
#include "reel/v1/wire.pb.h"
#include "reel/when.h"
#include "settle_batcher.h"

namespace reel::sdk {

using Handler = std::function<void(Context&)>;

/// A handler and what it wants of its pattern's events; nothing: all of them.
struct ChoosyHandler {
  Handler handler;
  std::optional<EventPattern> when;
};

/// The handlers whose patterns match a topic, in the order of registration.
struct HandlerSet {
  std::vector<const ChoosyHandler*> handlers;
};

/// Filled before the service runs, read-only after.
class HandlerRegistry {
 public:
  /// Throws std::invalid_argument where `pattern` is not one or is there already, or `when` is none for
  /// events of this type (nullptr: of any).
  void add(std::string_view pattern, Handler handler, const When& when = {},
           const google::protobuf::Descriptor* type = nullptr);
  [[nodiscard]] std::vector<std::string> patterns() const;
  /// Adds patterns and filters.
  void describe(v1::Subscribe& subscribe) const;
  [[nodiscard]] HandlerSet match(std::string_view topic) const;

 private:
  struct Entry {
    std::string pattern;
    std::string when;
    ChoosyHandler handler;
  };
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

/// What a handler may publish at most, as the broker said.
struct EmitLimits {
  std::size_t event_bytes_max = 1u << 20;
  std::size_t batch_bytes_max = 4u << 20;
};

/// Cuts `text` to `bytes_max` and replaces what is not UTF-8 by '?': errors travel as protobuf strings, which
/// must be.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t bytes_max);

}  // namespace reel::sdk

namespace reel {

/// One run of the handlers of one event. Kept and used again for the next, so that its buffers are.
class Context::Impl {
 public:
  Impl(std::string service, std::string source) : service_{std::move(service)}, source_{std::move(source)} {}

  void begin(const RunHead& head, const EventView& event, std::uint64_t offset, std::uint64_t recordedtime,
             std::uint32_t attempt, sdk::EmitLimits limits);
  /// Those that want the event. A `when` that asks for a payload whose type this program does not know says
  /// yes: the broker has asked it. Valid until the next call.
  [[nodiscard]] const sdk::HandlerSet& choose(const sdk::HandlerSet& handlers);
  /// Runs all of them; nothing where they all returned, otherwise what was thrown.
  [[nodiscard]] std::optional<sdk::Failed> run(const sdk::HandlerSet& handlers);
  /// What was published, valid until begin().
  [[nodiscard]] const std::vector<sdk::Emit>& emits();

  std::string emit(std::string_view topic, std::string_view type, std::string_view data,
                   const EmitFields& fields);

  RunHead head;
  EventView event;
  std::uint64_t offset = 0;
  std::uint64_t recordedtime = 0;
  std::uint32_t attempt = 1;
  v1::Redelivery redelivery = v1::REDELIVERY_NONE;
  std::function<void()> when_in_progress;  // none where nobody waits for an answer
  std::string payload;                     // scratch for serialising

 private:
  // Where an emitted event stands in bytes_; views are made when all are there.
  struct Emitted {
    std::size_t topic_at, type_at, event_at, end;
  };

  std::string service_;
  std::string source_;
  sdk::EmitLimits limits_;
  std::string bytes_;
  std::vector<Emitted> emitted_;
  std::vector<sdk::Emit> emits_;
  sdk::HandlerSet chosen_;
  std::unique_ptr<PayloadParser> parser_;  // made when first asked
};

}  // namespace reel
