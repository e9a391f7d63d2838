#include "session.h"

#include <algorithm>
#include <utility>

namespace reel::sdk {
namespace {

// A session that stood this long was a good one: its loss is answered with an attempt at once.
constexpr milliseconds stands_after{1'000};

// Between two tries of a subscription that the broker has no room for: it may take an operator to make some.
constexpr milliseconds subscribe_wait_max{30'000};

// What a broker may ask for; outside of it, it is wrong and we keep to the nearest.
constexpr milliseconds beat_interval_min{10}, beat_interval_max{60'000};

Frame frame_of(const v1::ToBroker& message) {
  return {.header = message.SerializeAsString(), .body = {}};
}

milliseconds between(std::uint32_t ms, milliseconds low, milliseconds high) {
  return std::clamp(milliseconds{ms}, low, high);
}

bool is_final(v1::RefusedReason reason) {
  return reason == v1::REFUSED_PROTOCOL || reason == v1::REFUSED_BAD_NAME ||
         reason == v1::REFUSED_BAD_PATTERN || reason == v1::REFUSED_BAD_START;
}

}  // namespace

Session::Session(SessionSettings settings, SessionOwner& owner)
    : settings_{std::move(settings)}, owner_{owner}, jitter_{settings_.jitter_seed} {
  settings_.hello.set_protocol(protocol_version);
}

void Session::start(Time now) {
  if (state_ == State::idle) call(now);
}

void Session::call(Time now) {
  state_ = State::calling;
  deadline_ = now + settings_.connect_timeout;
  subscribed_ = false;
  subscribe_again_ = Time::max();
  owner_.connect(broker());
  v1::ToBroker message;
  *message.mutable_hello() = settings_.hello;
  owner_.send(frame_of(message));
}

void Session::attempt_failed(Time now) {
  owner_.disconnect();
  broker_ = (broker_ + 1) % settings_.brokers.size();
  if (++attempts_ % settings_.brokers.size() != 0) return call(now);

  const auto rounds = std::min<std::size_t>(attempts_ / settings_.brokers.size() - 1, 20);
  const auto wait = std::min(settings_.reconnect_wait_min * (1 << rounds), settings_.reconnect_wait_max);
  state_ = State::waiting;
  deadline_ = now + jittered(wait);
}

// So that those who were sent away together do not come back together.
milliseconds Session::jittered(milliseconds wait) {
  const auto fifth = wait.count() / 5;
  return wait + milliseconds{std::uniform_int_distribution<std::int64_t>{-fifth, fifth}(jitter_)};
}

void Session::give_up(const std::string& why, Time now) {
  if (state_ == State::leaving) return end(State::left);
  if (state_ == State::calling) return attempt_failed(now);
  if (state_ != State::joined) return;
  const bool stood = now - joined_at_ >= stands_after;
  owner_.lost(why);
  if (!stood) return attempt_failed(now);
  attempts_ = 0;
  call(now);
}

void Session::subscribe(v1::Subscribe subscribe, Time /*now*/) {
  subscribe_ = std::move(subscribe);
  if (state_ == State::joined) send_subscribe();
}

void Session::send_subscribe() {
  subscribed_ = false;
  subscribe_again_ = Time::max();
  v1::ToBroker message;
  owner_.before_subscribe(*subscribe_);
  *message.mutable_subscribe() = *subscribe_;
  owner_.send(frame_of(message));
}

// The session stands, and goes on publishing.
void Session::put_off_subscribe(const std::string& why, Time now) {
  const auto doublings = std::min<std::size_t>(put_offs_++, 20);
  const auto wait = jittered(std::min(settings_.reconnect_wait_min * (1 << doublings), subscribe_wait_max));
  subscribe_again_ = now + wait;
  owner_.put_off(why, wait);
}

void Session::leave(Time now, milliseconds wait) {
  if (state_ != State::joined) return end(State::left);
  v1::ToBroker message;
  message.mutable_goodbye();
  owner_.send(frame_of(message));
  state_ = State::leaving;
  deadline_ = now + wait;
}

void Session::end(State state) {
  if (state_ == State::left) return;
  state_ = state;
  owner_.disconnect();
  if (state == State::left) owner_.left();
}

void Session::on_frame(std::string_view header, Body body, Time now) {
  if (state_ != State::calling && state_ != State::joined && state_ != State::leaving) return;
  v1::FromBroker message;
  if (!message.ParseFromArray(header.data(), static_cast<int>(header.size()))) {
    return give_up("a frame that is not of this protocol came from " + broker(), now);
  }
  last_heard_ = now;
  using Kind = v1::FromBroker::FrameCase;
  const auto kind = message.frame_case();
  if (kind == Kind::kWelcome) return on_welcome(message.welcome(), now);
  if (kind == Kind::kRefused) return on_refused(message.refused(), now);
  if (state_ == State::calling) return;  // out of order: HELLO's answer is still awaited
  switch (kind) {
    case Kind::kAccepted: return owner_.accepted(message.accepted());
    case Kind::kSubscribed:
      subscribed_ = true;
      put_offs_ = 0;
      return owner_.subscribed(message.subscribed());
    case Kind::kDeliver: return owner_.delivered(message.deliver(), std::move(body));
    case Kind::kSettled: return owner_.settled(message.settled());
    case Kind::kTakenBack: return owner_.taken_back(message.taken_back());
    case Kind::kBeat: return on_beat(message.beat(), now);
    case Kind::kGoodbye:
      if (state_ == State::leaving) return end(State::left);
      return give_up("the broker at " + broker() + " said goodbye", now);
    default: return;  // a later protocol's; passed over
  }
}

void Session::on_welcome(const v1::Welcome& welcome, Time now) {
  if (state_ != State::calling) return;
  state_ = State::joined;
  epoch_ = welcome.epoch();
  beat_interval_ = between(welcome.beat_interval_ms(), beat_interval_min, beat_interval_max);
  silence_max_ = between(welcome.service_timeout_ms(), 2 * beat_interval_, 10 * beat_interval_max);
  joined_at_ = now;
  next_beat_ = now + beat_interval_;
  if (subscribe_) send_subscribe();
  owner_.welcomed(welcome);
}

void Session::on_refused(const v1::Refused& refused, Time now) {
  const bool about_subscription = state_ == State::joined && subscribe_ && !subscribed_;
  if (state_ == State::leaving) return end(State::left);
  if (about_subscription && refused.reason() == v1::REFUSED_LIMIT) {
    return put_off_subscribe("refused by " + broker() + ": " + refused.text(), now);
  }
  if (is_final(refused.reason())) {
    if (state_ == State::joined) {
      v1::ToBroker message;
      message.mutable_goodbye();
      owner_.send(frame_of(message));
      owner_.lost(refused.text());
    }
    end(State::refused);
    return owner_.refused(refused.reason(), refused.text());
  }
  if (state_ == State::calling) owner_.lost("refused by " + broker() + ": " + refused.text());
  give_up("refused by " + broker() + ": " + refused.text(), now);
}

void Session::on_beat(const v1::BrokerBeat& beat, Time now) {
  if (beat.epoch() != epoch_) return give_up("the broker at " + broker() + " was started again", now);
  owner_.beaten(beat);
}

void Session::on_time(Time now) {
  switch (state_) {
    case State::waiting:
      if (now >= deadline_) call(now);
      return;
    case State::calling:
      if (now >= deadline_) {
        owner_.lost("no answer from " + broker());
        attempt_failed(now);
      }
      return;
    case State::leaving:
      if (now >= deadline_) end(State::left);
      return;
    case State::joined: break;
    default: return;
  }
  if (now - last_heard_ >= silence_max_) {
    return give_up("nothing heard from " + broker() + " for " + std::to_string(silence_max_.count()) + " ms",
                   now);
  }
  if (now >= subscribe_again_) send_subscribe();
  if (now >= next_beat_) {
    v1::ToBroker message;
    *message.mutable_beat() = owner_.beat_now();
    owner_.send(frame_of(message));
    next_beat_ = now + beat_interval_;
  }
}

Time Session::next_deadline() const {
  switch (state_) {
    case State::waiting:
    case State::calling:
    case State::leaving: return deadline_;
    case State::joined: return std::min({next_beat_, last_heard_ + silence_max_, subscribe_again_});
    default: return Time::max();
  }
}

}  // namespace reel::sdk
