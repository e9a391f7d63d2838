// reel::TestBus: a service whose publisher records, and whose handlers are called in place.
#include "reel/testing.h"

#include <utility>

#include "event/batch.h"
#include "event/topic.h"
#include "event/uuid.h"
#include "handling.h"
#include "publishing.h"
#include "service_impl.h"
#include "wall_clock.h"

namespace reel {
namespace {

TestEvent test_event(const RunHead& head, std::string_view bytes) {
  TestEvent event;
  const auto view = read_event(bytes);
  if (!view) throw std::logic_error{"an event that was just encoded cannot be read"};
  event.topic = head.topic;
  event.type = head.dataschema;
  event.data = view->data;
  event.source = head.source;
  event.id = view->id;
  event.correlationid = view->correlationid;
  event.causationid = view->causationid;
  event.partitionkey = view->partitionkey;
  event.subject = view->subject;
  event.traceparent = view->traceparent;
  event.time = view->time;
  event.delivertime = view->delivertime;
  event.expirytime = view->expirytime;
  for (const auto& [name, value] : attributes_of(bytes)) event.attributes.emplace_back(name, value);
  return event;
}

// Accepts every well-formed event, as a broker without configuration would.
class Recorder final : public Publisher::Impl {
 public:
  Recorder(std::deque<TestEvent>& events, std::string source) : events_{events}, source_{std::move(source)} {}

  PublishResult publish(const Outgoing& event) override {
    sdk::EncodedEvent encoded;
    encoded.encode(event);
    PublishResult result;
    result.id = encoded.id;
    result.correlationid = encoded.correlationid;
    if (const auto wrong = check_topic(event.topic)) {
      result.outcome = PublishOutcome::rejected;
      result.reason = v1::REFUSAL_BAD_TOPIC;
      result.text = *wrong;
      return result;
    }
    events_.push_back(test_event({.source = event.source.empty() ? std::string_view{source_} : event.source,
                                  .topic = event.topic,
                                  .dataschema = event.type},
                                 encoded.bytes));
    result.outcome = PublishOutcome::accepted;
    result.offset = events_.size();
    result.delayed = events_.back().delayed();
    ++counts_.accepted;
    return result;
  }
  bool publish_async(const Outgoing& event, PublishCallback callback) override {
    const auto result = publish(event);
    if (callback) callback(result);
    return result.ok();
  }
  bool wait_for_room(std::chrono::milliseconds) override { return true; }
  std::size_t flush(std::chrono::milliseconds) override { return 0; }
  PublisherCounts counts() const override { return counts_; }

 private:
  std::deque<TestEvent>& events_;
  std::string source_;
  PublisherCounts counts_;
};

Options quiet() {
  Options options;
  options.brokers = {"inproc://no-broker"};
  return options;
}

}  // namespace

class TestBus::Impl {
 public:
  explicit Impl(const std::string& name) : service{name, quiet()} {}

  Service service;
  std::deque<TestEvent> published;
  std::uint64_t delivered = 0;
};

TestBus::TestBus(std::string service_name) : impl_{std::make_unique<Impl>(service_name)} {
  auto& service = *impl_->service.impl_;
  service.test_publisher = std::make_unique<Recorder>(impl_->published, service.identity.source);
}
TestBus::~TestBus() = default;

Service& TestBus::service() {
  return impl_->service;
}

TestDelivery TestBus::deliver(std::string_view topic, const google::protobuf::Message& event,
                              const PublishFields& fields, std::uint32_t attempt) {
  return deliver_bytes(topic, event.GetDescriptor()->full_name(), event.SerializeAsString(), fields, attempt);
}

TestDelivery TestBus::deliver_bytes(std::string_view topic, std::string_view type, std::string_view data,
                                    const PublishFields& fields, std::uint32_t attempt) {
  auto& service = *impl_->service.impl_;
  const auto handlers = service.handlers.match(topic);
  if (handlers.handlers.empty()) return {};

  sdk::EncodedEvent encoded;
  encoded.encode(sdk::outgoing(topic, type, data, fields));
  const auto source = fields.source.empty() ? std::string{"test"} : fields.source;
  Context::Impl context{service.identity.service, service.identity.source};
  context.begin({.source = source, .topic = topic, .dataschema = type}, *read_event(encoded.bytes),
                ++impl_->delivered, sdk::wall_clock_ns(), attempt, {});
  const auto& wanting = context.choose(handlers);
  if (wanting.handlers.empty()) return {};
  const auto failed = context.run(wanting);
  if (failed) {
    return {.ending = failed->reject ? TestDelivery::Ending::rejected : TestDelivery::Ending::retried,
            .error_type = failed->error_type,
            .error = failed->error,
            .delay = std::chrono::milliseconds{failed->delay_ms}};
  }
  for (const auto& emit : context.emits())
    impl_->published.push_back(test_event(emit.head, emit.event_bytes));
  return {.ending = TestDelivery::Ending::handled};
}

TestDelivery TestBus::deliver(const TestEvent& event, std::uint32_t attempt) {
  return deliver_bytes(event.topic, event.type, event.data,
                       {.id = event.id,
                        .correlationid = event.correlationid,
                        .causationid = event.causationid,
                        .partitionkey = event.partitionkey,
                        .subject = event.subject,
                        .time = event.time,
                        .deliver_at = event.delivertime,
                        .expires_at = event.expirytime,
                        .traceparent = event.traceparent,
                        .attributes = event.attributes,
                        .source = event.source},
                       attempt);
}

std::optional<std::string> TestBus::check(std::string_view name) {
  return impl_->service.impl_->checks.run(name);
}

const std::deque<TestEvent>& TestBus::published() const {
  return impl_->published;
}

std::vector<TestEvent> TestBus::published(std::string_view topic) const {
  std::vector<TestEvent> on_topic;
  for (const auto& event : impl_->published) {
    if (event.topic == topic) on_topic.push_back(event);
  }
  return on_topic;
}

void TestBus::forget_published() {
  impl_->published.clear();
}

}  // namespace reel
