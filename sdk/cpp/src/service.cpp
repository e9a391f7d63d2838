// reel::Service: composes connection, publishing and deliveries, waits for the end, and drains.
#include "reel/service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "service_impl.h"
#include "stop_signals.h"
#include "subscription.h"

namespace reel {
namespace {

// How long the end of run() waits for checks that are at work: one that hangs is left behind.
constexpr std::chrono::milliseconds checks_patience{1'000};

}  // namespace

Service::Impl::Impl(std::string name, Options given)
    : options{std::move(given)},
      identity{sdk::identify(name, options)},
      stop_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (stop_fd_ < 0) throw std::system_error{errno, std::generic_category(), "cannot open an eventfd"};
}

Service::Impl::~Impl() {
  // What was published without run() still goes out.
  if (publishing_ != nullptr) publishing_->drain(options.drain_timeout);
  // The connection calls the sides: it ends first. Handlers still running end next.
  if (connection_) connection_->end();
  deliveries_.reset();
  publisher_.reset();
  close(stop_fd_);
}

Publisher& Service::Impl::publisher() {
  const std::lock_guard lock{mutex_};
  connect();
  return *publisher_;
}

void Service::Impl::connect() {
  if (publisher_) return;
  if (test_publisher) {
    publisher_.reset(new Publisher{std::move(test_publisher)});
    return;
  }
  connection_ = std::make_shared<sdk::Connection>(identity, options);
  auto publishing = std::make_unique<sdk::Publishing>(connection_, identity, options);
  connection_->add_side(*publishing);
  publishing_ = publishing.get();
  publisher_.reset(new Publisher{std::move(publishing)});
  connection_->start(2);
}

v1::Subscribe Service::Impl::subscription() const {
  auto subscribe = sdk::subscription_from(start);
  handlers.describe(subscribe);
  subscribe.set_credit_events(options.credit_events);
  subscribe.set_credit_bytes(options.credit_bytes);
  subscribe.set_tells_begun(true);
  return subscribe;
}

int Service::Impl::run() {
  {
    const sdk::StopSignals signals{stop_fd_};
    {
      const std::lock_guard lock{mutex_};
      connect();
      if (!connection_) throw std::logic_error{"a service under test is not run"};
      if (!checks.empty()) {
        checks.start(checks_patience, connection_->log());
        connection_->post([this] { connection_->add_side(checks); });
      }
      if (!handlers.patterns().empty()) {
        deliveries_ = std::make_unique<sdk::Deliveries>(*connection_, handlers, identity, options, [this] {
          refused_ = true;
          stop();
        });
        connection_->post([this] {
          connection_->add_side(*deliveries_);
          connection_->subscribe(subscription());
        });
      }
    }
    wait_for_stop();
  }  // from here on a second signal ends the process
  const bool drained = drain();
  return drained && !refused_ ? 0 : 1;
}

void Service::Impl::wait_for_stop() const {
  pollfd stopped{stop_fd_, POLLIN, 0};
  while (poll(&stopped, 1, -1) < 0) {
    if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "cannot wait for a signal"};
  }
}

bool Service::Impl::drain() {
  const auto deadline = std::chrono::steady_clock::now() + options.drain_timeout;
  checks.stop();
  const bool drained = !deliveries_ || deliveries_->drain(deadline);
  if (!drained) {
    connection_->log()(LogLevel::warn,
                       "drain_cut_short after_ms=" + std::to_string(options.drain_timeout.count()) +
                           " (unfinished events go back to the broker)");
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  publishing_->drain(std::max(left, std::chrono::milliseconds{0}));
  connection_->end();
  checks.wait(checks_patience, connection_->log());
  return drained;
}

void Service::Impl::stop() noexcept {
  eventfd_write(stop_fd_, 1);
}

ServiceCounts Service::Impl::counts() const {
  const std::lock_guard lock{mutex_};
  return deliveries_ ? deliveries_->counts() : ServiceCounts{};
}

Service::Service(std::string name, Options options)
    : impl_{std::make_unique<Impl>(std::move(name), std::move(options))} {}
Service::~Service() = default;

Service& Service::on_raw(std::string_view pattern, std::function<void(Context&)> handler) {
  return add(pattern, {}, nullptr, std::move(handler));
}

Service& Service::on_raw(std::string_view pattern, const When& when, std::function<void(Context&)> handler) {
  return add(pattern, when, nullptr, std::move(handler));
}

Service& Service::add(std::string_view pattern, const When& when, const google::protobuf::Descriptor* type,
                      std::function<void(Context&)> handler) {
  impl_->handlers.add(pattern, std::move(handler), when, type);
  return *this;
}

Service& Service::check(std::string_view name, CheckOptions options, std::function<void()> passes) {
  impl_->checks.add(name, options, std::move(passes));
  return *this;
}

Service& Service::on_batch_raw(std::string_view pattern, const BatchOptions& options,
                               std::function<void(RawBatch&)> handler) {
  return on_batch_raw(pattern, {}, options, std::move(handler));
}

Service& Service::on_batch_raw(std::string_view pattern, const When& when, const BatchOptions& options,
                               std::function<void(RawBatch&)> handler) {
  return add_batch(pattern, when, options, nullptr, [handler = std::move(handler)](BatchCall& call) {
    RawBatch batch{call};
    handler(batch);
  });
}

Service& Service::add_batch(std::string_view pattern, const When& when, const BatchOptions& options,
                            const google::protobuf::Message* type, std::function<void(BatchCall&)> handler) {
  impl_->handlers.add_batch(
      {.pattern = std::string{pattern}, .options = options, .type = type, .handler = std::move(handler)},
      when);
  return *this;
}

Service& Service::start_from(Start start) {
  impl_->start = start;
  return *this;
}

PublishResult Service::publish(std::string_view topic, const google::protobuf::Message& event,
                               const PublishFields& fields) {
  return impl_->publisher().publish(topic, event, fields);
}

Publisher& Service::publisher() {
  return impl_->publisher();
}
int Service::run() {
  return impl_->run();
}
void Service::stop() noexcept {
  impl_->stop();
}
ServiceCounts Service::counts() const {
  return impl_->counts();
}
const std::string& Service::name() const {
  return impl_->identity.service;
}
const std::string& Service::instance() const {
  return impl_->identity.instance;
}

void Service::parse(google::protobuf::Message& event, const Context& context) {
  if (const auto wrong = sdk::parse(event, context.type(), context.data())) throw Reject{*wrong};
}

}  // namespace reel
