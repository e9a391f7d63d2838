#include "admit/admission.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <stdexcept>

#include "event/envelope_check.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/system_topics.h"
#include "event/topic.h"

namespace reel::broker {
namespace {

std::string too_large(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  return std::string{what} + " is " + std::to_string(bytes) + " bytes long, at most " +
         std::to_string(bytes_max) + " are allowed";
}

v1::RefusalReason reason_of(EnvelopePart part) {
  switch (part) {
    case EnvelopePart::id: return v1::REFUSAL_BAD_ID;
    case EnvelopePart::correlationid: return v1::REFUSAL_BAD_CORRELATION_ID;
    case EnvelopePart::attribute: break;
  }
  return v1::REFUSAL_BAD_ATTRIBUTE;
}

bool may_publish(std::string_view service, const std::vector<std::string>& publishers) {
  return publishers.empty() || std::find(publishers.begin(), publishers.end(), service) != publishers.end();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Admission::Admission(const config::Model& model, const SchemaSet& schemas)
    : event_bytes_max_{model.broker.event_bytes_max}, batch_bytes_max_{model.broker.batch_bytes_max} {
  for (const auto& [name, topic] : model.topics) {
    add_topic(name, topic.type, topic.durable, schemas);
    topics_[name].publishers = topic.publishers;
  }
  for (const auto& [topic, type] : system_topics) {
    if (is_verdict_topic(topic)) add_topic(std::string{topic}, type, true, schemas);
  }
}

Admission::~Admission() = default;
Admission::Admission(Admission&&) noexcept = default;
Admission& Admission::operator=(Admission&&) noexcept = default;

void Admission::add_topic(const std::string& topic, std::string_view type, bool durable,
                          const SchemaSet& schemas) {
  auto check = checks_.find(type);
  if (check == checks_.end()) {
    const auto* descriptor = schemas.find(type);
    if (descriptor == nullptr) {
      throw std::invalid_argument{"there is no schema for " + std::string{type} + ", which topic " + topic +
                                  " carries"};
    }
    check = checks_.emplace(type, std::make_unique<PayloadCheck>(*descriptor)).first;
  }
  topics_[topic] = {std::string{type}, durable, check->second.get(), {}};
}

Judgement Admission::judge(std::string_view batch, std::string_view service) const {
  Judgement judged;
  judged.bytes_ = batch;
  if (batch.size() > batch_bytes_max_) {
    judged.whole_ = false;
    refuse(judged.refusals_, 0, v1::REFUSAL_TOO_LARGE,
           too_large("the batch", batch.size(), batch_bytes_max_));
    return judged;
  }
  BatchReader reader{batch};
  while (auto run = reader.next_run()) {
    Verdict verdict;
    const auto* topic = judge_run(run->head, service, verdict);
    if (!judge_entries(*run, topic, verdict, judged)) return judged;
  }
  if (reader.malformed()) {
    judged.whole_ = false;
    refuse(judged.refusals_, judged.entries(), v1::REFUSAL_MALFORMED,
           "the batch cannot be read from here on");
  }
  return judged;
}

const Admission::Topic* Admission::judge_run(const RunHead& head, std::string_view service,
                                             Verdict& verdict) const {
  const bool trusted = service == tracker_service;
  const auto found = topics_.find(head.topic);
  if (found == topics_.end() || (is_system_topic(head.topic) && !trusted)) {
    verdict = refuse_topic(head.topic);
    return nullptr;
  }
  const auto& topic = found->second;
  if (!trusted && !may_publish(service, topic.publishers)) {
    verdict = {v1::REFUSAL_NOT_ALLOWED, in_quotes(service) + " may not publish " + found->first +
                                            ": its publishers are " + joined(topic.publishers)};
    return nullptr;
  }
  if (head.dataschema != topic.type) {
    const auto got =
        head.dataschema.empty() ? "and the event names no type" : "not " + as_name(head.dataschema);
    verdict = {v1::REFUSAL_WRONG_TYPE, "topic " + found->first + " carries " + topic.type + ", " + got};
    return nullptr;
  }
  if (const auto fault = check_source(head.source)) {
    verdict = {v1::REFUSAL_BAD_ATTRIBUTE, *fault};
    return nullptr;
  }
  // By them the broker and the tracker know their own records again.
  const bool is_trackers = head.source == tracker_source && !trusted;
  if (head.source == broker_source || is_trackers) {
    verdict = {v1::REFUSAL_BAD_ATTRIBUTE, "source " + in_quotes(head.source) + " is the " +
                                              (is_trackers ? "tracker" : "broker") + "'s own"};
    return nullptr;
  }
  return &topic;
}

Admission::Verdict Admission::refuse_topic(std::string_view topic) const {
  if (const auto fault = check_topic(topic)) {
    return {v1::REFUSAL_BAD_TOPIC, "topic " + in_quotes(topic) + ": " + *fault};
  }
  if (is_system_topic(topic)) {
    return {v1::REFUSAL_SYSTEM_TOPIC, "topic " + in_quotes(topic) + " belongs to the system"};
  }
  std::vector<std::string_view> names;
  for (const auto& [name, known] : topics_) {
    if (!is_system_topic(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return {v1::REFUSAL_UNKNOWN_TOPIC, "unknown topic " + in_quotes(topic) + did_you_mean(topic, names)};
}

bool Admission::judge_entries(RunReader& run, const Topic* topic, const Verdict& run_verdict,
                              Judgement& judged) const {
  StoredRun stored{.source = run.head.source,
                   .topic = run.head.topic,
                   .dataschema = run.head.dataschema,
                   .first_event = judged.entries(),
                   .event_count = 0,
                   .chosen_ids = run.head.chosen_ids};
  bool full = false;
  while (const auto bytes = run.next_event_bytes()) {
    const auto entry = judged.entries();
    full = entry == batch_entries_max;
    if (full) break;
    auto& event = judged.events_.emplace_back(StoredEvent{.bytes = *bytes});
    auto& destination = judged.destinations_.emplace_back(Destination::dropped);
    const auto view = read_event(*bytes);
    if (!view) {
      refuse(judged.refusals_, entry, v1::REFUSAL_MALFORMED, "the event's bytes are not a reel.v1.Event");
      continue;
    }
    event.envelope_bytes = view->envelope_bytes;
    event.expires = view->expirytime != 0;
    event.key_hash = hash_key(view->key());
    if (topic == nullptr) {
      refuse(judged.refusals_, entry, run_verdict.reason, run_verdict.text);
    } else if (const auto verdict = judge_event(*view, *topic)) {
      refuse(judged.refusals_, entry, verdict->reason, verdict->text);
    } else {
      // By delivertime alone, whatever the time is: a batch sent again must be judged as it was before.
      destination = view->delivertime != 0 ? Destination::delayed
                    : topic->durable       ? Destination::journal
                                           : Destination::live;
      ++judged.accepted_;
    }
  }
  stored.event_count = judged.entries() - stored.first_event;
  if (stored.event_count > 0) judged.runs_.push_back(stored);
  if (!full && !run.malformed()) return true;
  judged.whole_ = false;
  if (full) {
    refuse(judged.refusals_, judged.entries(), v1::REFUSAL_TOO_LARGE,
           "the batch has more than " + std::to_string(batch_entries_max) + " events");
  } else {
    refuse(judged.refusals_, judged.entries(), v1::REFUSAL_MALFORMED,
           "the batch cannot be read from here on");
  }
  return false;
}

std::optional<Admission::Verdict> Admission::judge_event(const EventView& event, const Topic& topic) const {
  if (event.bytes.size() > event_bytes_max_) {
    return Verdict{v1::REFUSAL_TOO_LARGE, too_large("the event", event.bytes.size(), event_bytes_max_)};
  }
  if (auto fault = check_envelope(event)) return Verdict{reason_of(fault->part), std::move(fault->text)};
  if (auto fault = topic.check->check(event.data)) {
    return Verdict{v1::REFUSAL_BAD_PAYLOAD, "data is not a well-formed " + topic.type + ": " + *fault};
  }
  return std::nullopt;
}

}  // namespace reel::broker
