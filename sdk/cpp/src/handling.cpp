#include "handling.h"

#include <cxxabi.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "event/subflow.h"
#include "event/topic.h"
#include "event/utf8.h"
#include "event/uuid.h"
#include "publish_window.h"
#include "publishing.h"
#include "wall_clock.h"

namespace reel::sdk {
namespace {

// Enough for a sentence and the first frames of somebody's trace; the journal keeps it for each failure.
constexpr std::size_t error_bytes_max = 1'000;
constexpr std::size_t error_type_bytes_max = 200;

std::string type_name(const std::type_info* type) {
  if (type == nullptr) return "unknown";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free};
  return status == 0 ? name.get() : type->name();
}

// To be called inside a catch block.
Failed failed_by(std::string_view what) {
  return failure(type_name(abi::__cxa_current_exception_type()), what);
}

}  // namespace

Failed current_failure() {
  try {
    throw;
  } catch (const Reject& reject) {
    auto failed = failed_by(reject.what());
    failed.reject = true;
    return failed;
  } catch (const RetryAfter& retry) {
    auto failed = failed_by(retry.what());
    failed.delay_ms = delay_ms(retry.delay());
    return failed;
  } catch (const std::exception& error) {
    return failed_by(error.what());
  } catch (...) {
    return failed_by("");
  }
}

std::uint32_t delay_ms(std::chrono::milliseconds delay) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(delay.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

Failed failure(std::string_view type, std::string_view what) {
  return {.error_type = clean_text(type, error_type_bytes_max), .error = clean_text(what, error_bytes_max)};
}

Failed not_an_event() {
  return failure("reel::Malformed", "the event's bytes are not an event");
}

Failed no_handler(std::string_view topic) {
  return failure("reel::NoHandler", "this instance has no handler for " + clean_text(topic, topic_bytes_max));
}

Failed no_handler_wants(std::string_view topic) {
  return failure("reel::NoHandler", "no handler of this instance wants this event on " +
                                        clean_text(topic, topic_bytes_max) + ": each when says no");
}

std::string failure_line(std::string_view topic, std::string_view id, std::uint32_t attempt,
                         const Failed& failed) {
  return "handler_failed topic=" + std::string{topic} + " id=" + std::string{id} +
         " attempt=" + std::to_string(attempt) + " error_type=" + failed.error_type + " error=\"" +
         failed.error + "\"";
}

std::optional<std::string> parse(google::protobuf::Message& event, std::string_view type,
                                 std::string_view data) {
  const auto& wanted = event.GetDescriptor()->full_name();
  if (type != wanted) {
    return "the event carries " + std::string{type} + ", its handler takes " + wanted;
  }
  if (!event.ParseFromArray(data.data(), static_cast<int>(data.size()))) {
    return "the event's data is not a well-formed " + wanted;
  }
  return std::nullopt;
}

std::string clean_text(std::string_view text, std::size_t bytes_max) {
  std::string clean;
  while (!text.empty()) {
    const auto length = character_bytes(text);
    if (clean.size() + std::max<std::size_t>(length, 1) > bytes_max) break;
    length == 0 ? clean.push_back('?') : void(clean.append(text.substr(0, length)));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

}  // namespace reel::sdk

namespace reel {

void Context::Impl::begin(const RunHead& run_head, const EventView& view, std::uint64_t at,
                          std::uint64_t log_time, std::uint32_t nth, sdk::EmitLimits limits) {
  head = run_head;
  event = view;
  offset = at;
  recordedtime = log_time;
  attempt = nth;
  limits_ = limits;
  forget_published();
}

void Context::Impl::forget_published() {
  bytes_.clear();
  emitted_.clear();
  emits_.clear();
}

const sdk::HandlerSet& Context::Impl::choose(const sdk::HandlerSet& set) {
  const auto& all = set.handlers;
  if (std::none_of(all.begin(), all.end(), [](const auto* choosy) { return choosy->when.has_value(); }))
    return set;
  if (!parser_) parser_ = std::make_unique<PayloadParser>();
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  const bool known = pool->FindMessageTypeByName(std::string{head.dataschema}) != nullptr;
  JudgedEvent judged{head, event, *parser_};
  chosen_.handlers.clear();
  for (const auto* choosy : all) {
    const auto& when = choosy->when;
    if (!when || (when->looks_at_data() && !known) || when->matches(judged))
      chosen_.handlers.push_back(choosy);
  }
  return chosen_;
}

std::optional<sdk::Failed> Context::Impl::run(const sdk::HandlerSet& set) {
  Context context{*this};
  try {
    for (const auto* choosy : set.handlers) choosy->handler(context);
    return std::nullopt;
  } catch (...) {
    return sdk::current_failure();
  }
}

std::string Context::Impl::emit(std::string_view topic, std::string_view type, std::string_view data,
                                const EmitFields& fields) {
  if (const auto wrong = check_topic(topic)) {
    throw std::invalid_argument{"cannot publish to '" + std::string{topic} + "': " + *wrong};
  }
  const auto ordinal = std::to_string(emitted_.size());
  auto id = uuid_v8(hash_128({event.id, head.source, service_, ordinal}));
  const auto now = sdk::wall_clock_ns();
  const auto life = sdk::lifetime_of(fields, now);
  EventFields out{
      .id = id,
      .correlationid = fields.subflow.empty() ? event.correlationid : std::string_view{fields.subflow},
      .causationid = event.id,
      .partitionkey = fields.partitionkey ? std::string_view{*fields.partitionkey} : event.partitionkey,
      .subject = fields.subject,
      .time = fields.time != 0 ? fields.time : now,
      .datacontenttype = fields.datacontenttype,
      .traceparent = event.traceparent,
      .tracestate = event.tracestate,
      .delivertime = life.delivertime,
      .expirytime = life.expirytime,
      .replayed = event.replayed || redelivery == v1::REDELIVERY_REPLAYED,
      .data = data,
  };
  std::vector<Attribute> attributes;
  for (const auto& [name, value] : fields.attributes) attributes.push_back({name, value});
  if (!fields.subflow.empty()) attributes.push_back({parent_attribute, event.correlationid});

  Emitted place{};
  place.topic_at = bytes_.size();
  bytes_ += topic;
  place.type_at = bytes_.size();
  bytes_ += type;
  place.event_at = bytes_.size();
  append_event(bytes_, out, attributes);
  place.end = bytes_.size();
  const auto size = place.end - place.event_at;
  // Each event may need a run of its own: its head and a few tags.
  const auto total = bytes_.size() + (emitted_.size() + 1) * (source_.size() + 32);
  if (size > limits_.event_bytes_max || total > limits_.batch_bytes_max) {
    bytes_.resize(place.topic_at);
    throw std::length_error{size > limits_.event_bytes_max
                                ? sdk::too_large_text(size, limits_.event_bytes_max)
                                : "a handler published " + std::to_string(total) + " bytes, at most " +
                                      std::to_string(limits_.batch_bytes_max) + " are allowed"};
  }
  if (limits_.together != nullptr &&
      limits_.together->fetch_add(size, std::memory_order_relaxed) + size > limits_.together_bytes_max) {
    bytes_.resize(place.topic_at);
    throw std::length_error{"a batch published more than the " + std::to_string(limits_.together_bytes_max) +
                            " bytes that are allowed"};
  }
  emitted_.push_back(place);
  return id;
}

const std::vector<sdk::Emit>& Context::Impl::emits() {
  emits_.clear();
  const std::string_view bytes = bytes_;
  const auto part = [&](std::size_t begin, std::size_t end) { return bytes.substr(begin, end - begin); };
  for (const auto& place : emitted_) {
    emits_.push_back({.head = {.source = source_,
                               .topic = part(place.topic_at, place.type_at),
                               .dataschema = part(place.type_at, place.event_at)},
                      .event_bytes = part(place.event_at, place.end)});
  }
  return emits_;
}

std::string_view Context::topic() const {
  return impl_->head.topic;
}
std::string_view Context::type() const {
  return impl_->head.dataschema;
}
std::string_view Context::source() const {
  return impl_->head.source;
}
std::string_view Context::id() const {
  return impl_->event.id;
}
std::string_view Context::correlationid() const {
  return impl_->event.correlationid;
}
std::string_view Context::causationid() const {
  return impl_->event.causationid;
}
std::string_view Context::partitionkey() const {
  return impl_->event.partitionkey;
}
std::string_view Context::subject() const {
  return impl_->event.subject;
}
std::string_view Context::datacontenttype() const {
  return impl_->event.datacontenttype;
}
std::string_view Context::traceparent() const {
  return impl_->event.traceparent;
}
std::string_view Context::tracestate() const {
  return impl_->event.tracestate;
}
std::uint64_t Context::time() const {
  return impl_->event.time;
}
std::string_view Context::data() const {
  return impl_->event.data;
}
std::uint64_t Context::offset() const {
  return impl_->offset;
}
std::uint64_t Context::recordedtime() const {
  return impl_->recordedtime;
}
std::uint32_t Context::attempt() const {
  return impl_->attempt;
}

bool Context::replayed() const {
  return impl_->redelivery == v1::REDELIVERY_REPLAYED || impl_->event.replayed;
}
bool Context::redriven() const {
  return impl_->redelivery == v1::REDELIVERY_REDRIVEN;
}
void Context::in_progress() {
  if (impl_->when_in_progress) impl_->when_in_progress();
}

std::vector<std::pair<std::string_view, std::string_view>> Context::attributes() const {
  std::vector<std::pair<std::string_view, std::string_view>> named;
  if (!impl_->event.has_attributes) return named;
  for (const auto& attribute : attributes_of(impl_->event.bytes))
    named.emplace_back(attribute.name, attribute.value);
  return named;
}

std::string Context::publish(std::string_view topic, const google::protobuf::Message& event,
                             const EmitFields& fields) {
  impl_->payload.clear();
  if (!event.AppendToString(&impl_->payload)) throw std::length_error{"the event is larger than 2 GiB"};
  return impl_->emit(topic, event.GetDescriptor()->full_name(), impl_->payload, fields);
}

std::string Context::publish(std::string_view topic, std::string_view type, std::string_view data,
                             const EmitFields& fields) {
  return impl_->emit(topic, type, data, fields);
}

}  // namespace reel
