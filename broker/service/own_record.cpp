#include "service/own_record.h"

#include <cassert>

#include "event/batch.h"
#include "event/uuid.h"
#include "route/router.h"

namespace reel::broker {

std::string own_record(std::string_view topic, std::string_view service,
                       const google::protobuf::Message& message, LogTime now) {
  const auto id = uuid_v7(now);
  const auto data = message.SerializeAsString();
  BatchWriter writer;
  writer.begin_run(
      {.source = broker_source, .topic = topic, .dataschema = message.GetDescriptor()->full_name()});
  writer.add({.id = id, .correlationid = service, .time = now, .data = data});
  return writer.take();
}

v1::RedeliveryRecord redelivery_in(const StoredEvent& event) {
  v1::RedeliveryRecord record;
  const auto view = read_event(event.bytes);
  [[maybe_unused]] const bool read =
      view && record.ParseFromArray(view->data.data(), static_cast<int>(view->data.size()));
  assert(read && "the broker's own records are well-formed");
  return record;
}

}  // namespace reel::broker
