// reel::TestBus: a service whose publisher records, and whose handlers are called in place.
#include "reel/testing.h"

#include <algorithm>
#include <functional>
#include <set>
#include <span>
#include <utility>

#include "batch_run.h"
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
  event.datacontenttype = view->datacontenttype;
  event.traceparent = view->traceparent;
  event.tracestate = view->tracestate;
  event.time = view->time;
  event.delivertime = view->delivertime;
  event.expirytime = view->expirytime;
  for (const auto& [name, value] : attributes_of(bytes)) event.attributes.emplace_back(name, value);
  return event;
}

PublishFields fields_of(const TestEvent& event) {
  return {.id = event.id,
          .correlationid = event.correlationid,
          .causationid = event.causationid,
          .partitionkey = event.partitionkey,
          .subject = event.subject,
          .time = event.time,
          .deliver_at = event.delivertime,
          .expires_at = event.expirytime,
          .datacontenttype = event.datacontenttype,
          .traceparent = event.traceparent,
          .tracestate = event.tracestate,
          .attributes = event.attributes,
          .source = event.source};
}

// What `fields` leave out is generated.
TestEvent made_event(std::string_view topic, std::string_view type, std::string_view data,
                     const PublishFields& fields) {
  sdk::EncodedEvent encoded;
  encoded.encode(sdk::outgoing(topic, type, data, fields));
  const std::string_view source = fields.source.empty() ? std::string_view{"test"} : fields.source;
  return test_event({.source = source, .topic = topic, .dataschema = type}, encoded.bytes);
}

std::string key_of(const TestEvent& event) {
  return event.partitionkey.empty() ? event.correlationid : event.partitionkey;
}

TestDelivery failed_delivery(const sdk::Failed& failed) {
  return {.ending = failed.reject ? TestDelivery::Ending::rejected : TestDelivery::Ending::retried,
          .error_type = failed.error_type,
          .error = failed.error,
          .delay = std::chrono::milliseconds{failed.delay_ms}};
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

  void publish(Context::Impl& context) {
    for (const auto& emit : context.emits()) published.push_back(test_event(emit.head, emit.event_bytes));
  }
  std::vector<TestDelivery> hand_over(const sdk::BatchHandler& handler, std::span<const TestEvent> events,
                                      std::uint32_t attempt, std::set<std::string>& failed_keys);

  Service service;
  std::deque<TestEvent> published;
  std::uint64_t delivered = 0;
};

// An event as a delivery brings it, and the context that it is handled in.
struct TestBus::Arrived {
  Arrived(Impl& bus, const TestEvent& event, std::uint32_t attempt, sdk::EmitLimits limits)
      : topic{event.topic},
        type{event.type},
        source{event.source},
        context{bus.service.impl_->identity.service, bus.service.impl_->identity.source} {
    encoded.encode(sdk::outgoing(topic, type, event.data, fields_of(event)));
    context.begin({.source = source, .topic = topic, .dataschema = type}, *read_event(encoded.bytes),
                  ++bus.delivered, sdk::wall_clock_ns(), attempt, limits);
  }
  std::string topic, type, source;
  sdk::EncodedEvent encoded;
  Context::Impl context;
};

// The first of `events`, as many as make one batch, and how each of them ended. Those that their `when` says
// no to are not part of it: the broker would not deliver them. Nor are those that wait behind a failure.
std::vector<TestDelivery> TestBus::Impl::hand_over(const sdk::BatchHandler& handler,
                                                   std::span<const TestEvent> events, std::uint32_t attempt,
                                                   std::set<std::string>& failed_keys) {
  struct Owner final : sdk::BatchRun::Owner {
    bool still_wanted(std::size_t) override { return true; }
    void done(std::size_t item) override { when_done(item); }
    void in_progress() override {}
    std::function<void(std::size_t)> when_done;
  } owner;
  sdk::BatchRun run{handler, owner};
  std::deque<Arrived> arrived;
  std::vector<std::size_t> places;  // of each item, in `events`
  std::vector<TestDelivery> deliveries;
  owner.when_done = [&](std::size_t item) {
    deliveries[places[item]].ending = TestDelivery::Ending::handled;
    publish(arrived[places[item]].context);
  };
  const sdk::EmitLimits limits{.together = &run.together(),
                               .together_bytes_max = Options{}.settle_buffer_bytes};
  std::size_t bytes = 0;
  for (const auto& event : events) {
    if (places.size() == handler.options.max_size) break;
    auto& one = arrived.emplace_back(*this, event, attempt, limits);
    const auto handlers = service.impl_->handlers.match(event.topic);
    const bool wanted = !one.context.choose(handlers).handlers.empty();
    const bool joins = wanted && !failed_keys.contains(key_of(event));
    if (joins && !places.empty() && bytes + one.encoded.bytes.size() > handler.options.max_bytes) break;
    deliveries.push_back(
        {.ending = wanted ? TestDelivery::Ending::handed_back : TestDelivery::Ending::not_handled});
    if (!joins) continue;
    bytes += one.encoded.bytes.size();
    places.push_back(deliveries.size() - 1);
    run.add(one.context, std::hash<std::string_view>{}(one.context.event.key()));
  }
  for (const auto& failure : run.run()) {
    deliveries[places[failure.item]] = failed_delivery(failure.failed);
    failed_keys.insert(key_of(events[places[failure.item]]));
  }
  return deliveries;
}

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

TestEvent TestBus::event(std::string_view topic, const google::protobuf::Message& event,
                         const PublishFields& fields) const {
  return made_event(topic, event.GetDescriptor()->full_name(), event.SerializeAsString(), fields);
}

TestDelivery TestBus::deliver_bytes(std::string_view topic, std::string_view type, std::string_view data,
                                    const PublishFields& fields, std::uint32_t attempt) {
  if (impl_->service.impl_->handlers.match(topic).handlers.empty()) return {};
  return deliver(made_event(topic, type, data, fields), attempt);
}

TestDelivery TestBus::deliver(const TestEvent& event, std::uint32_t attempt) {
  const auto handlers = impl_->service.impl_->handlers.match(event.topic);
  std::set<std::string> none_failed;
  if (const auto* batch = handlers.batch())
    return impl_->hand_over(*batch, {&event, 1}, attempt, none_failed).front();
  if (handlers.handlers.empty()) return {};
  Arrived arrived{*impl_, event, attempt, {}};
  const auto& wanting = arrived.context.choose(handlers);
  if (wanting.handlers.empty()) return {};
  if (const auto failed = arrived.context.run(wanting)) return failed_delivery(*failed);
  impl_->publish(arrived.context);
  return {.ending = TestDelivery::Ending::handled};
}

std::vector<TestDelivery> TestBus::deliver_batch(const std::vector<TestEvent>& events,
                                                 std::uint32_t attempt) {
  std::vector<TestDelivery> deliveries;
  std::set<std::string> failed_keys;
  const auto batch_of = [&](const TestEvent& event) {
    return impl_->service.impl_->handlers.match(event.topic).batch();
  };
  const auto alone = [&](const TestEvent& event) -> TestDelivery {
    if (failed_keys.contains(key_of(event))) return {.ending = TestDelivery::Ending::handed_back};
    auto delivery = deliver(event, attempt);
    if (delivery.retried() || delivery.rejected()) failed_keys.insert(key_of(event));
    return delivery;
  };
  while (deliveries.size() < events.size()) {
    const auto left = std::span{events}.subspan(deliveries.size());
    const auto* batch = batch_of(left.front());
    if (batch == nullptr) {
      deliveries.push_back(alone(left.front()));
      continue;
    }
    std::size_t count = 1;
    while (count < left.size() && batch_of(left[count]) == batch) ++count;
    for (auto& delivery : impl_->hand_over(*batch, left.first(count), attempt, failed_keys))
      deliveries.push_back(std::move(delivery));
  }
  return deliveries;
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
