#include "event/event_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "event/base64.h"
#include "event/envelope_check.h"
#include "event/json_misfit.h"
#include "event/nearest_name.h"
#include "event/payload_check.h"
#include "event/plain_message.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/schema_builder.h"
#include "event/strict_json.h"
#include "event/topic.h"

namespace reel {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using Resolver = std::unique_ptr<pb::util::TypeResolver>;

// How much is repeated of what libprotobuf says about JSON that it cannot convert.
constexpr std::size_t converter_bytes_max = 300;

const std::string url_prefix = "type.googleapis.com";

// What somebody wrote is wrong. Never leaves this file.
struct Wrong {
  std::string text;
  v1::RefusalReason reason;
  std::string attribute;
};

// In the payload.
[[noreturn]] void wrong(std::string text) {
  throw Wrong{std::move(text), v1::REFUSAL_BAD_PAYLOAD, "data"};
}
[[noreturn]] void wrong(std::string text, v1::RefusalReason reason, std::string attribute = {}) {
  throw Wrong{std::move(text), reason, std::move(attribute)};
}
[[noreturn]] void wrong_attribute(const std::string& name, std::string text) {
  throw Wrong{std::move(text), v1::REFUSAL_BAD_ATTRIBUTE, name};
}

std::string shown(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// ---- text to json

json parse(std::string_view text) {
  json value;
  if (auto fault = read_strict_json(
          text, {.bytes_max = event_json_bytes_max, .depth_max = event_json_depth_max}, value))
    wrong(std::move(*fault));
  return value;
}

// ---- json to attributes

std::string text_of(const std::string& name, const json& value) {
  if (!value.is_string())
    wrong_attribute(name, name + ": expected a string, got " + std::string{value.type_name()});
  auto text = value.get<std::string>();
  if (text.empty()) wrong_attribute(name, name + " is empty; leave it out where there is none");
  return text;
}

std::uint64_t time_of(const std::string& name, const json& value) {
  const auto text = text_of(name, value);
  const auto time = parse_rfc3339(text);
  if (!time)
    wrong_attribute(name, name + ": " + in_quotes(text) + " is not a time such as 2026-03-01T12:00:00Z");
  return *time;
}

// CloudEvents values in their canonical string form.
std::string attribute_of(const std::string& name, const json& value) {
  if (const auto fault = check_attribute_name(name)) wrong_attribute(name, *fault);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return value.dump();
  wrong_attribute(name, "attribute " + in_quotes(name) +
                            ": expected a string, a number, true or false, got " +
                            std::string{value.type_name()});
}

std::string* text_member(EventDraft& draft, std::string_view name) {
  const std::pair<std::string_view, std::string*> members[] = {{"id", &draft.id},
                                                               {"source", &draft.source},
                                                               {"type", &draft.topic},
                                                               {"subject", &draft.subject},
                                                               {"datacontenttype", &draft.datacontenttype},
                                                               {"dataschema", &draft.dataschema},
                                                               {"correlationid", &draft.correlationid},
                                                               {"causationid", &draft.causationid},
                                                               {"partitionkey", &draft.partitionkey},
                                                               {"traceparent", &draft.traceparent},
                                                               {"tracestate", &draft.tracestate}};
  for (const auto& [known, member] : members) {
    if (known == name) return member;
  }
  return nullptr;
}

void read_attribute(EventDraft& draft, const std::string& name, const json& value) {
  if (value.is_null()) return;  // CloudEvents: as good as absent
  if (auto* member = text_member(draft, name)) {
    *member = text_of(name, value);
  } else if (name == "time") {
    draft.time = time_of(name, value);
  } else if (name == "delivertime") {
    draft.delivertime = time_of(name, value);
  } else if (name == "expirytime") {
    draft.expirytime = time_of(name, value);
  } else if (name == "specversion") {
    if (value != "1.0")
      wrong_attribute(name, "specversion: expected \"1.0\", got " + in_quotes(value.dump()));
  } else if (name != "reeloffset" && name != "recordedtime" && name != "reelreplayed" && name != "data" &&
             name != "data_base64") {
    draft.attributes.emplace_back(name, attribute_of(name, value));
  }
}

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type.empty() || type == "application/json" || type.ends_with("+json");
}

bool is_protobuf_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type.empty() || type == "application/protobuf" || type == "application/x-protobuf";
}

void put(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += ",\"" + std::string{key} + "\":" + shown(value);
}

}  // namespace

class EventJson::Impl {
 public:
  Impl(const SchemaSet& schemas, TopicTypes topic_types)
      : schemas_{schemas},
        topic_types_{std::move(topic_types)},
        own_{pb::util::NewTypeResolverForDescriptorPool(url_prefix, &schemas.pool())},
        built_in_{pb::util::NewTypeResolverForDescriptorPool(url_prefix, &built_in_pool())} {}

  [[nodiscard]] std::optional<std::string> write_data(std::string_view type_name,
                                                      std::string_view data) const {
    const auto* type = schemas_.find(type_name);
    // libprotobuf's converter stops without a word at bytes that are not a message.
    if (type == nullptr || check_of(*type).check(data)) return std::nullopt;
    std::string out;
    const auto status =
        pb::util::BinaryToJsonString(resolver_of(*type), url_of(*type), std::string{data}, &out);
    if (!status.ok()) return std::nullopt;
    return out;
  }

  /// Fills in topic type and data. Throws Wrong.
  void read_payload(EventDraft& draft, const json* data, const json* data_base64) const {
    const auto& type = type_of(draft);
    if (data != nullptr && data_base64 != nullptr) wrong("data and data_base64 exclude each other");
    const auto content_type = in_quotes(draft.datacontenttype);
    if (data_base64 != nullptr) {
      if (!is_protobuf_type(draft.datacontenttype)) {
        wrong("data_base64 holds " + content_type + ", only application/protobuf can be read from it");
      }
      const auto bytes = parse_base64(text_of("data_base64", *data_base64));
      if (!bytes) wrong("data_base64 is not base64");
      draft.data = *bytes;
    } else {
      if (!is_json_type(draft.datacontenttype) && !is_protobuf_type(draft.datacontenttype)) {
        wrong("data holds " + content_type + ", only application/json can be turned into " +
              type.full_name());
      }
      if (data != nullptr) draft.data = encode(*data, type);
    }
    draft.datacontenttype.clear();  // it is protobuf now, which is what empty means
  }

  /// The same, the payload being these bytes.
  void read_bytes(EventDraft& draft, std::string_view bytes) const {
    const auto& type = type_of(draft);
    if (!bytes.empty() && is_protobuf_type(draft.datacontenttype)) {
      if (const auto fault = check_of(type).check(bytes)) wrong("data: " + *fault);
      draft.data = bytes;
    } else if (!bytes.empty() && is_json_type(draft.datacontenttype)) {
      draft.data = encode(parse(bytes), type);
    } else if (!bytes.empty()) {
      wrong("data is " + in_quotes(draft.datacontenttype) +
                ", only application/json and application/protobuf can be read",
            v1::REFUSAL_BAD_PAYLOAD, "datacontenttype");
    }
    draft.datacontenttype.clear();
  }

 private:
  [[nodiscard]] pb::util::TypeResolver* resolver_of(const pb::Descriptor& type) const {
    return type.file()->pool() == &schemas_.pool() ? own_.get() : built_in_.get();
  }
  static std::string url_of(const pb::Descriptor& type) { return url_prefix + "/" + type.full_name(); }

  // The payload's type, by the topic; what `dataschema` says must agree.
  [[nodiscard]] const pb::Descriptor& type_of(EventDraft& draft) const {
    if (draft.topic.empty()) wrong("type is missing: the topic to publish to", v1::REFUSAL_BAD_TOPIC, "type");
    if (const auto fault = check_topic(draft.topic))
      wrong("topic " + in_quotes(draft.topic) + ": " + *fault, v1::REFUSAL_BAD_TOPIC, "type");
    const auto topic = topic_types_.find(draft.topic);
    if (topic == topic_types_.end())
      wrong("unknown topic " + in_quotes(draft.topic) + did_you_mean_topic(draft.topic),
            v1::REFUSAL_UNKNOWN_TOPIC, "type");
    if (!draft.dataschema.empty() && draft.dataschema != topic->second) {
      wrong("topic " + draft.topic + " carries " + topic->second + ", not " + as_name(draft.dataschema),
            v1::REFUSAL_WRONG_TYPE, "dataschema");
    }
    draft.dataschema = topic->second;
    const auto* type = schemas_.find(topic->second);
    if (type == nullptr)
      wrong("there is no schema for " + topic->second + ", which topic " + draft.topic + " carries");
    return *type;
  }

  [[nodiscard]] std::string did_you_mean_topic(const std::string& written) const {
    std::vector<std::string_view> topics;
    for (const auto& [topic, type] : topic_types_) topics.push_back(topic);
    return did_you_mean(written, topics);
  }

  [[nodiscard]] std::string encode(const json& value, const pb::Descriptor& type) const {
    if (const auto misfit = json_misfit(value, type, "data")) wrong(*misfit);
    // Through a message, so that fields stand in the order of their numbers, whoever wrote them down.
    const std::unique_ptr<pb::Message> message{factory_.GetPrototype(&type)->New()};
    if (!fill_plain(value, *message)) convert(value, type, *message);
    if (!message->IsInitialized())
      wrong("data: required and missing: " + message->InitializationErrorString());
    return message->SerializeAsString();
  }

  void convert(const json& value, const pb::Descriptor& type, pb::Message& message) const {
    std::string bytes;
    const auto status = pb::util::JsonToBinaryString(resolver_of(type), url_of(type), value.dump(), &bytes);
    if (!status.ok()) {
      const std::string_view said{status.message().data(), status.message().size()};
      wrong("data is not " + type.full_name() + ": " + in_quotes(said, converter_bytes_max));
    }
    message.Clear();
    if (!message.ParsePartialFromString(bytes)) wrong("data is not " + type.full_name());
  }

  [[nodiscard]] const PayloadCheck& check_of(const pb::Descriptor& type) const {
    const auto [at, added] = checks_.try_emplace(&type);
    if (added) at->second = std::make_unique<PayloadCheck>(type);
    return *at->second;
  }

  const SchemaSet& schemas_;
  TopicTypes topic_types_;
  Resolver own_;
  Resolver built_in_;
  mutable pb::DynamicMessageFactory factory_;
  mutable std::map<const pb::Descriptor*, std::unique_ptr<PayloadCheck>> checks_;
};

EventJson::EventJson(const SchemaSet& schemas, TopicTypes topic_types)
    : impl_{std::make_unique<Impl>(schemas, std::move(topic_types))} {}
EventJson::~EventJson() = default;
EventJson::EventJson(EventJson&&) noexcept = default;

std::optional<std::string> EventJson::write_data(std::string_view type_name, std::string_view data) const {
  return impl_->write_data(type_name, data);
}

std::string EventJson::write(const RunHead& head, const EventView& event, const RecordedAt& at) const {
  const auto data = impl_->write_data(head.dataschema, event.data);
  std::string out = R"({"specversion":"1.0")";
  put(out, "id", event.id);
  put(out, "source", head.source);
  put(out, "type", head.topic);
  put(out, "subject", event.subject);
  if (event.time != 0) put(out, "time", rfc3339(event.time));
  // As JSON the payload is application/json, which is what a CloudEvent means that says nothing.
  if (!data) {
    put(out, "datacontenttype",
        event.datacontenttype.empty() ? "application/protobuf" : event.datacontenttype);
  } else if (!is_protobuf_type(event.datacontenttype)) {
    put(out, "datacontenttype", event.datacontenttype);
  }
  put(out, "dataschema", head.dataschema);
  put(out, "correlationid", event.correlationid);
  put(out, "causationid", event.causationid);
  put(out, "partitionkey", event.partitionkey);
  put(out, "traceparent", event.traceparent);
  put(out, "tracestate", event.tracestate);
  if (event.delivertime != 0) put(out, "delivertime", rfc3339(event.delivertime));
  if (event.expirytime != 0) put(out, "expirytime", rfc3339(event.expirytime));
  if (event.replayed) out += ",\"reelreplayed\":true";
  if (event.has_attributes) {
    std::map<std::string_view, std::string_view> attributes;  // of two with one name the last counts
    for (const auto& attribute : attributes_of(event.bytes)) attributes[attribute.name] = attribute.value;
    for (const auto& [name, value] : attributes) {
      if (!check_attribute_name(name)) out += ",\"" + std::string{name} + "\":" + shown(value);
    }
  }
  if (at.offset != 0) out += ",\"reeloffset\":" + std::to_string(at.offset);
  if (at.log_time != 0) put(out, "recordedtime", rfc3339(at.log_time));
  if (data) {
    out += ",\"data\":" + *data;
  } else {
    put(out, "data_base64", base64(event.data));
  }
  return out + "}";
}

ReadDraft EventJson::read(std::string_view text) const try {
  return read_parsed(parse(text));
} catch (const Wrong& error) {
  return {std::nullopt, error.text, error.reason, {}};
}

ReadDraft EventJson::read_parsed(const json& value) const try {
  if (!value.is_object())
    wrong("expected a JSON object, got " + std::string{value.type_name()}, v1::REFUSAL_MALFORMED);
  EventDraft draft;
  for (const auto& [name, part] : value.items()) read_attribute(draft, name, part);
  const auto member = [&value](const char* name) -> const json* {
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
  };
  impl_->read_payload(draft, member("data"), member("data_base64"));
  return {std::move(draft), "", v1::REFUSAL_UNKNOWN, {}};
} catch (const Wrong& error) {
  return {std::nullopt, error.text, error.reason, error.attribute};
}

ReadDraft EventJson::read_apart(const std::vector<std::pair<std::string, std::string>>& attributes,
                                std::string_view data) const try {
  EventDraft draft;
  for (const auto& [name, text] : attributes) read_attribute(draft, name, text);
  impl_->read_bytes(draft, data);
  return {std::move(draft), "", v1::REFUSAL_UNKNOWN, {}};
} catch (const Wrong& error) {
  return {std::nullopt, error.text, error.reason, error.attribute};
}

ReadDraft EventJson::read_data(std::string_view topic, std::string_view text) const try {
  EventDraft draft;
  draft.topic = topic;
  const auto value = parse(text);
  impl_->read_payload(draft, &value, nullptr);
  return {std::move(draft), "", v1::REFUSAL_UNKNOWN, {}};
} catch (const Wrong& error) {
  return {std::nullopt, error.text, error.reason, error.attribute};
}

EventFields EventDraft::fields() const {
  return {.id = id,
          .correlationid = correlationid,
          .causationid = causationid,
          .partitionkey = partitionkey,
          .subject = subject,
          .time = time,
          .datacontenttype = datacontenttype,
          .traceparent = traceparent,
          .tracestate = tracestate,
          .delivertime = delivertime,
          .expirytime = expirytime,
          .data = data};
}

std::vector<Attribute> EventDraft::attribute_views() const {
  std::vector<Attribute> views;
  for (const auto& [name, value] : attributes) views.push_back({name, value});
  return views;
}

}  // namespace reel
