#include "cli/load/load.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "cli/duration_text.h"
#include "event/uuid.h"
#include "reel/query.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto look_up_load = 20ms;
/// Shows that the way is open; not counted.
constexpr std::string_view warm_up_subject = "warm-up";

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t since(std::uint64_t due) {
  const std::uint64_t now = unix_now();
  return now > due ? now - due : 0;
}

}  // namespace

Load::Load(LoadPlan plan, const Options& connection)
    : plan_{std::move(plan)},
      patience_{std::max(connection.publish_timeout, connection.connect_timeout)},
      source_{"reel-bench/" + uuid_v7(unix_now())},
      next_of_flow_(plan_.flows) {
  for (std::uint64_t i = 0; i < plan_.flows; ++i) flows_.push_back(source_ + "/" + std::to_string(i));
  if (plan_.live) {
    tap_ = std::make_unique<LiveTap>(LiveTapOptions{.patterns = {plan_.topic}, .connection = connection});
    receiver_ = std::thread{[this] { receive(*tap_); }};
  } else {
    stream_ = std::make_unique<Stream>(StreamOptions{
        .service = "reel-bench", .patterns = {plan_.topic}, .ephemeral = true, .connection = connection});
    receiver_ = std::thread{[this] { receive(*stream_); }};
  }
  publisher_ = std::make_unique<Publisher>("reel-bench", connection);
}

Load::~Load() {
  stop_receiving();
}

void Load::stop_receiving() {
  over_ = true;
  if (receiver_.joinable()) receiver_.join();
}

template <class Source>
void Load::receive(Source& source) {
  while (!over_) {
    const StreamBatch batch = source.next(look_up_load);
    if (batch.kind == StreamBatch::Kind::stopped || batch.kind == StreamBatch::Kind::refused) return;
    for (const StreamEvent& event : batch.events) {
      if (event.source == source_) take(event);
    }
    if constexpr (std::is_same_v<Source, Stream>) source.ack_all();
  }
}

void Load::take(const StreamEvent& event) {
  if (event.subject == warm_up_subject) {
    open_ = true;
    return;
  }
  // Event i is of flow i mod flows_: what is expected next of a flow says whether one is missing.
  const std::uint64_t number = number_of(event.subject);
  std::uint64_t& next = next_of_flow_[number % plan_.flows];
  const std::uint64_t expected = next == 0 ? number % plan_.flows : next;
  if (number < expected) {
    ++repeated_;
    return;
  }
  skipped_ += (number - expected) / plan_.flows;
  next = number + plan_.flows;
  to_arrived_.add(since(event.time));
  last_arrival_ = Clock::now();
  ++arrived_;
}

void Load::open_the_way() {
  const auto give_up = Clock::now() + patience_;
  while (!open_) {
    if (Clock::now() > give_up) throw NotReachable{"nothing of what is published comes back"};
    const PublishResult result = publisher_->publish({.topic = plan_.topic,
                                                      .type = plan_.type,
                                                      .data = plan_.data,
                                                      .subject = warm_up_subject,
                                                      .source = source_});
    if (result.outcome == PublishOutcome::rejected) throw std::invalid_argument{result.text};
    for (int i = 0; i < 10 && !open_; ++i) std::this_thread::sleep_for(look_up_load / 10);
  }
}

LoadResult Load::run(const Interrupt& interrupt, const std::function<void(const LoadResult&)>& watch) {
  open_the_way();
  const auto began = Clock::now();
  last_answer_ = last_arrival_ = began;
  const std::uint64_t began_at = unix_now();
  const double gap_ns = plan_.rate_per_s > 0 ? 1e9 / plan_.rate_per_s : 0;
  for (; sent_ < plan_.events && !interrupt.requested(); ++sent_) {
    const auto after =
        std::chrono::nanoseconds{static_cast<std::int64_t>(gap_ns * static_cast<double>(sent_))};
    if (gap_ns > 0 && Clock::now() < began + after) (void)interrupt.wait_until(began + after);
    publish(sent_, gap_ns > 0 ? began_at + static_cast<std::uint64_t>(after.count()) : unix_now());
    if (gap_ns > 0 || sent_ % 1'024 == 0) watch(so_far());
  }
  wait_for_the_rest(interrupt, watch);
  publisher_.reset();  // afterwards every callback has been called
  stop_receiving();
  LoadResult result = so_far();
  result.refusal = refusal_;
  result.repeated = repeated_;
  result.skipped = skipped_;
  result.publishing = last_answer_ - began;
  result.arriving = last_arrival_ - began;
  result.to_accepted = to_accepted_;
  result.to_arrived = to_arrived_;
  return result;
}

void Load::publish(std::uint64_t number, std::uint64_t due) {
  const std::string subject = std::to_string(number);
  const Outgoing event{.topic = plan_.topic,
                       .type = plan_.type,
                       .data = plan_.data,
                       .correlationid = std::string_view{flows_[number % plan_.flows]},
                       .subject = subject,
                       .time = due,
                       .source = source_};
  const auto tell = [this, due](const PublishResult& result) { answered(result, due); };
  while (!publisher_->publish_async(event, tell) && !cut_off_) (void)publisher_->wait_for_room(patience_);
}

void Load::answered(const PublishResult& result, std::uint64_t due) {
  if (result.outcome == PublishOutcome::back_pressured) return;  // tried again
  if (result.outcome == PublishOutcome::not_connected) cut_off_ = true;
  last_answer_ = Clock::now();
  if (result.ok()) {
    to_accepted_.add(since(due));
    ++accepted_;
    return;
  }
  if (refused_++ == 0) refusal_ = result.text.empty() ? std::string{to_string(result.outcome)} : result.text;
}

void Load::wait_for_the_rest(const Interrupt& interrupt,
                             const std::function<void(const LoadResult&)>& watch) {
  auto last_change = Clock::now();
  std::uint64_t before = 0;
  while (!interrupt.requested() && Clock::now() - last_change < patience_) {
    const bool answered = publisher_->flush(look_up_load) == 0;
    if (answered && arrived_ >= accepted_) return;
    if (answered) std::this_thread::sleep_for(look_up_load / 10);
    if (const std::uint64_t now = accepted_ + refused_ + arrived_; now != before) {
      before = now;
      last_change = Clock::now();
    }
    watch(so_far());
  }
}

LoadResult Load::so_far() const {
  LoadResult result;
  result.sent = sent_;
  result.accepted = accepted_;
  result.refused = refused_;
  result.arrived = arrived_;
  return result;
}

}  // namespace reel::cli
