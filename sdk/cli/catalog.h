// The broker's topics and schemas, fetched once, so that a person may read and write events as JSON.
//
//   const Catalog catalog = Catalog::fetch(globals);
//   const EventDraft draft = catalog.draft("order.placed", R"({"orderId":"order-7"})");
//   catalog.event_json(event)         {"specversion":"1.0","id":…,"data":{…}}
//   catalog.payload_json(event)       {"orderId":"order-7"}
//
// What cannot be done is a Failure with one sentence. Not for sharing between threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/invocation.h"
#include "event/event_json.h"
#include "event/schema_set.h"
#include "reel/stream.h"
#include "reel/v1/query.pb.h"
#include "reel/v1/wire.pb.h"

namespace reel::cli {

/// An event that cannot be published as it is.
struct Refused : Failure {
  Refused(v1::RefusalReason why, const std::string& sentence)
      : Failure{exit_code::refused, sentence}, reason{why} {}
  v1::RefusalReason reason;
};

class Catalog {
 public:
  /// Asks the broker.
  [[nodiscard]] static Catalog fetch(const Globals& globals);
  explicit Catalog(const v1::SchemasReply& reply);

  [[nodiscard]] const EventJson& json() const { return json_; }
  /// Good as long as the catalog.
  [[nodiscard]] const SchemaSet& schemas() const { return *schemas_; }
  /// For who outlives it.
  [[nodiscard]] std::shared_ptr<const SchemaSet> shared_schemas() const { return schemas_; }

  /// An event on `topic` with this payload. Throws Refused: not a topic, an unknown one, bad JSON, a field or
  /// value that the type does not have.
  [[nodiscard]] EventDraft draft(std::string_view topic, std::string_view json) const;

  /// Why a subscription to `pattern` would never print anything: a topic that does not exist, or one that
  /// only the live tap carries. Nothing for patterns with wildcards: what they match may be yet to come.
  [[nodiscard]] std::optional<std::string> unheard(std::string_view pattern, bool live) const;

  /// The whole event in the CloudEvents JSON format with `reeloffset` and `recordedtime`, on one line.
  [[nodiscard]] std::string event_json(const StreamEvent& event) const;

  /// A payload as one line of JSON, or its size where its type is not known.
  [[nodiscard]] std::string payload_text(std::string_view type, std::string_view data) const;

 private:
  std::shared_ptr<const SchemaSet> schemas_;  // stays where it is when the catalog moves: json_ refers to it
  EventJson json_;
  std::map<std::string, bool, std::less<>> durable_;  // by topic, the system's own among them
};

}  // namespace reel::cli
