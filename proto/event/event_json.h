// Events as JSON, in and out: the CloudEvents 1.0 JSON format, with payloads as protobuf JSON.
//
//   const EventJson json{schemas, {{"order.placed", "shop.v1.OrderPlaced"}}};
//   std::cout << json.write(run.head, event, {.offset = 42}) << '\n';
//   auto [draft, error] = json.read(R"({"type":"order.placed","data":{"orderId":"o-1"}})");
//   if (!draft) fail(error);   // "data: unknown field 'totl' of shop.v1.OrderPlaced, did you mean
//   'totalCents'?"
//
// One line per event, keys always in the same order. Where the payload's type is not known, or the bytes are
// not of it, they stand as `data_base64`. Reading takes what writing wrote, and every CloudEvent; the least
// there must be is `type`.
//
// The SchemaSet must outlive the object. Not to be shared between threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/batch.h"
#include "event/schema_set.h"
#include "reel/v1/wire.pb.h"

namespace reel {

/// Longest JSON text of one event. Payloads are a few times larger in JSON than on the wire.
inline constexpr std::size_t event_json_bytes_max = 8u << 20;

/// How deep arrays and objects may be nested in it, as deep as libprotobuf follows.
inline constexpr int event_json_depth_max = 100;

/// Which message each topic carries: topic -> full name.
using TopicTypes = std::map<std::string, std::string, std::less<>>;

/// An event as somebody wrote it down. What was not given is empty: ids and source are the caller's to fill
/// in.
struct EventDraft {
  std::string topic;
  std::string source;
  std::string dataschema;
  std::string id;
  std::string correlationid;
  std::string causationid;
  std::string partitionkey;
  std::string subject;
  std::uint64_t time = 0;  ///< ns since 1970
  std::string datacontenttype;
  std::string traceparent;
  std::string tracestate;
  std::uint64_t delivertime = 0;  ///< ns since 1970; 0: not given
  std::uint64_t expirytime = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string data;  ///< encoded protobuf

  /// Views into this draft, for BatchWriter::add.
  [[nodiscard]] EventFields fields() const;
  [[nodiscard]] std::vector<Attribute> attribute_views() const;
};

/// A draft, or why there is none: one sentence, and what the broker would call it.
struct ReadDraft {
  std::optional<EventDraft> event;
  std::string error;
  v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
  /// The attribute that is at fault, or "data"; empty where it is the whole.
  std::string attribute;
};

/// What the broker knows of an event; 0 is left out.
struct RecordedAt {
  std::uint64_t offset = 0;    ///< `reeloffset`
  std::uint64_t log_time = 0;  ///< `recordedtime`
};

class EventJson {
 public:
  EventJson(const SchemaSet& schemas, TopicTypes topic_types);
  ~EventJson();
  EventJson(EventJson&&) noexcept;

  /// One object without line breaks.
  [[nodiscard]] std::string write(const RunHead& head, const EventView& event,
                                  const RecordedAt& at = {}) const;
  /// The payload alone, as protobuf JSON; nothing where its type is not known or the bytes are not of it.
  [[nodiscard]] std::optional<std::string> write_data(std::string_view type_name,
                                                      std::string_view data) const;

  /// Reads a CloudEvent, or the short form `{"type": …, "data": …}`. `reeloffset` and `recordedtime` are
  /// facts of another time and ignored.
  [[nodiscard]] ReadDraft read(std::string_view json) const;
  /// The same of text that was parsed already.
  [[nodiscard]] ReadDraft read_parsed(const nlohmann::json& event) const;
  /// An event whose payload stands beside its attributes, as in HTTP's binary mode: every value as text, and
  /// `data` as the bytes that its `datacontenttype` says. No bytes: no payload.
  [[nodiscard]] ReadDraft read_apart(const std::vector<std::pair<std::string, std::string>>& attributes,
                                     std::string_view data) const;
  /// Reads a payload alone: what `reel pub TOPIC JSON` is given.
  [[nodiscard]] ReadDraft read_data(std::string_view topic, std::string_view json) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
