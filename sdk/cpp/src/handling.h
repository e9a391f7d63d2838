// Running handlers: which of a topic's handlers want an event, what they see of it (Context), what they
// publish, and how what they throw is understood. Used by the workers of a service and, without a broker, by
// TestBus.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "event/event_pattern.h"
#include "handlers.h"
#include "reel/context.h"
#include "reel/v1/wire.pb.h"
#include "settle_batcher.h"

namespace reel::sdk {

/// What a handler may publish at most, as the broker said.
struct EmitLimits {
  std::size_t event_bytes_max = 1u << 20;
  std::size_t batch_bytes_max = 4u << 20;
  /// What the handling of several events together has published, and may; none: each is handled alone.
  std::atomic<std::size_t>* together = nullptr;
  std::size_t together_bytes_max = 0;
};

/// What is being thrown, as the broker is told it. To be called inside a catch block.
[[nodiscard]] Failed current_failure();
/// One that nothing was thrown for.
[[nodiscard]] Failed failure(std::string_view type, std::string_view what);
[[nodiscard]] Failed not_an_event();
/// Another instance of this service subscribed to it; one of an older version may hold no handler.
[[nodiscard]] Failed no_handler(std::string_view topic);
/// The same with a `when`: the broker adds up what the instances want.
[[nodiscard]] Failed no_handler_wants(std::string_view topic);
/// For the log.
[[nodiscard]] std::string failure_line(std::string_view topic, std::string_view id, std::uint32_t attempt,
                                       const Failed& failed);
[[nodiscard]] std::uint32_t delay_ms(std::chrono::milliseconds delay);

/// Why `data`, of that type, is not what `event` would be; nothing where it was parsed.
[[nodiscard]] std::optional<std::string> parse(google::protobuf::Message& event, std::string_view type,
                                               std::string_view data);

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
  /// Before the same handler is called once more.
  void forget_published();
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
