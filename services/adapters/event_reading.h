// Events as the outside reads and writes them: JSON by the broker's own schemas, which are asked for when
// they are first needed, and again when an event's type is not among them.
//
//   EventReading reading{[&] { return fetch_schemas(); }};
//   const std::string body = reading.json_of(context);
//
// Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "event/event_json.h"
#include "event/schema_set.h"
#include "reel/context.h"
#include "reel/v1/query.pb.h"

namespace reel::adapters {

class EventReading {
 public:
  /// `fetch` may throw (NotReachable): the event is then tried again.
  using Fetch = std::function<v1::SchemasReply()>;
  explicit EventReading(Fetch fetch) : fetch_{std::move(fetch)} {}

  /// The whole event in the CloudEvents JSON format, on one line, with `reeloffset` and `recordedtime`.
  [[nodiscard]] std::string json_of(const Context& event);

  /// Calls `read` with what reads the broker's topics; once more with what the broker says now, where
  /// `read` returns false: the topic may be new.
  void read(const std::function<bool(const EventJson&)>& read);

 private:
  struct Known {
    SchemaSet schemas;
    std::unique_ptr<EventJson> json;
  };
  void fetch_again();

  Fetch fetch_;
  std::mutex mutex_;  // EventJson is for one thread at a time
  std::unique_ptr<Known> known_;
};

}  // namespace reel::adapters
