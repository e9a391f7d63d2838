// reel::Publisher: serialises payloads and hands over to what stands behind it.
#include "reel/publisher.h"

#include <google/protobuf/message.h>

#include <utility>

#include "publishing.h"

namespace reel {
namespace {

// 2 GiB, protobuf's own limit, is far beyond what a broker takes; an empty payload would pass for an event.
std::string serialised(const google::protobuf::Message& event) {
  std::string data;
  if (!event.SerializeToString(&data)) throw std::length_error{"the event is larger than 2 GiB"};
  return data;
}

std::unique_ptr<Publisher::Impl> connected(const std::string& name, const Options& options) {
  auto identity = sdk::identify(name, options);
  auto connection = std::make_shared<sdk::Connection>(identity, options);
  auto publishing = std::make_unique<sdk::Publishing>(connection, std::move(identity), options);
  publishing->own_connection(options.drain_timeout);
  connection->add_side(*publishing);
  connection->start();
  return publishing;
}

}  // namespace

Publisher::Publisher(std::string name, Options options) : impl_{connected(name, options)} {}
Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Publisher::~Publisher() = default;

PublishResult Publisher::publish(std::string_view topic, const google::protobuf::Message& event,
                                 const PublishFields& fields) {
  const auto data = serialised(event);
  return impl_->publish(sdk::outgoing(topic, event.GetDescriptor()->full_name(), data, fields));
}

PublishResult Publisher::publish(const Outgoing& event) {
  return impl_->publish(event);
}

bool Publisher::publish_async(const Outgoing& event, PublishCallback callback) {
  return impl_->publish_async(event, std::move(callback));
}

bool Publisher::publish_async(std::string_view topic, const google::protobuf::Message& event,
                              const PublishFields& fields, PublishCallback callback) {
  const auto data = serialised(event);
  return impl_->publish_async(sdk::outgoing(topic, event.GetDescriptor()->full_name(), data, fields),
                              std::move(callback));
}

bool Publisher::wait_for_room(std::chrono::milliseconds timeout) {
  return impl_->wait_for_room(timeout);
}
std::size_t Publisher::flush(std::chrono::milliseconds timeout) {
  return impl_->flush(timeout);
}
PublisherCounts Publisher::counts() const {
  return impl_->counts();
}

}  // namespace reel
