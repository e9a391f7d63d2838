// Services, subscribing: from SUBSCRIBE to the first delivery, and what a session leaves behind.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "event/pattern_begin.h"
#include "event/topic.h"
#include "journal/journal_error.h"
#include "service/own_record.h"
#include "service/services.h"
#include "service/subscription_check.h"

namespace reel::broker {
namespace {

// Of one service, whose instances may differ. Each change is a record of all of them in the journal.
constexpr std::size_t service_patterns_max = 5'000;
// Topics that the patterns of a service begin with the newest event of: as many as are remembered.
constexpr int begins_max = newest_topics_max;
// Of all subscriptions and services, in bytes: 100,000 patterns of ordinary length. A pattern that is one dot
// after the other takes some hundred bytes of memory for each of its own.
constexpr std::size_t pattern_bytes_max = 16u << 20;
// Beyond these limits, and services_max, for Reel's own services: what others have filled must not keep the
// tracker out, which would tell of it. There are a handful of them, with a dozen patterns each.
constexpr std::size_t own_services_reserve = 16;
constexpr std::size_t own_pattern_bytes_reserve = 1u << 20;
// Unsettled deliveries an instance may ask for, and what it gets without asking.
constexpr std::uint32_t credit_events_max = 1'000'000;
constexpr std::uint32_t credit_events_default = 1'000;
constexpr std::uint32_t credit_bytes_max = 256u << 20;
constexpr std::uint32_t credit_bytes_default = 8u << 20;

std::size_t bytes_of(const std::map<std::string, std::string>& wishes) {
  std::size_t bytes = 0;
  for (const auto& [pattern, when] : wishes) bytes += pattern.size() + when.size();
  return bytes;
}

bool same_patterns(const std::vector<v1::Pattern>& some, const std::vector<v1::Pattern>& others) {
  const auto same = [](const v1::Pattern& a, const v1::Pattern& b) {
    return a.pattern() == b.pattern() && a.from_offset() == b.from_offset() && a.when() == b.when() &&
           a.begins_size() == b.begins_size();
  };
  return std::equal(some.begin(), some.end(), others.begin(), others.end(), same);
}

}  // namespace

Services::Beginning Services::beginning_of(const v1::Subscribe& request) {
  switch (request.start_case()) {
    case v1::Subscribe::kFromStart: return {journal_.begin_offset()};
    case v1::Subscribe::kFromOffset:
      return {std::clamp(request.from_offset(), journal_.begin_offset(), log_.appended_end())};
    case v1::Subscribe::kFromTime: return {journal_.offset_at(request.from_time())};
    case v1::Subscribe::kFromLast: return {newest_match(request)};
    // What is not committed yet is newer than what is known to be the newest.
    case v1::Subscribe::kFromLastPerTopic: return {log_.committed_end(), true};
    default: return {log_.appended_end()};
  }
}

Offset Services::newest_match(const v1::Subscribe& request) const {
  Offset newest = 0;
  for (const auto& [topic, offset] : log_.newest().all()) {
    if (offset <= newest || offset < journal_.begin_offset()) continue;
    for (const auto& pattern : request.patterns()) {
      if (matches(pattern, topic)) newest = offset;
    }
  }
  return newest == 0 ? log_.committed_end() : newest;
}

// Of the topics that a subscription like this begins with the newest events of.
std::size_t Services::newest_bytes(const v1::Subscribe& request) const {
  std::size_t bytes = 0;
  for (const auto& [topic, offset] : log_.newest().all()) {
    for (const auto& pattern : request.patterns()) bytes += matches(pattern, topic) ? topic.size() : 0;
  }
  return bytes;
}

void Services::begin(v1::Pattern& pattern, Beginning beginning) const {
  pattern.set_from_offset(beginning.from);
  if (!beginning.last_per_topic) return;
  for (const auto& [topic, offset] : log_.newest().all()) {
    if (offset < journal_.begin_offset() || !matches(pattern.pattern(), topic)) continue;
    auto& place = *pattern.add_begins();
    place.set_topic(topic);
    place.set_offset(offset);
  }
}

bool Services::anybody_names(const std::string& service, const std::string& pattern) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
    return member.second.service == service && member_wishes_.at(member.first).contains(pattern);
  });
}

// What this instance has named, in this session or in one before.
Services::Wishes Services::wishes_before(const Session& session, const std::string& service) const {
  for (const auto& [id, member] : members_) {
    if (member.service == service && member.instance == session.instance) return member_wishes_.at(id);
  }
  return {};
}

// What the service wants: what its instances name, `more`, and what nobody names yet or any more, `without`
// these. An instance without a `when` for a pattern wants all of it, whatever the others say. A pattern keeps
// its beginning, also with another `when`; a new one begins as `beginning` says.
std::vector<v1::Pattern> Services::patterns_for(const std::string& service, const Wishes& more,
                                                const std::set<std::string>& without,
                                                Beginning beginning) const {
  std::map<std::string, std::set<std::string>> all;  // `when`s by pattern
  const auto add = [&](const Wishes& some) {
    for (const auto& [pattern, when] : some) all[pattern].insert(when);
  };
  add(more);
  for (const auto& [id, member] : members_) {
    if (member.service == service) add(member_wishes_.at(id));
  }
  // Asked of the queue, not of the ledger: that learns of a subscription only once it is committed, and two
  // instances may start together.
  const auto* const queue = find(service);
  const auto& unnamed = unnamed_.of(service);
  std::map<std::string_view, const v1::Pattern*> had;
  std::vector<v1::Pattern> patterns;
  if (queue != nullptr) {
    for (const auto& pattern : queue->patterns()) {
      had.emplace(pattern.pattern(), &pattern);
      const auto& name = pattern.pattern();
      const bool stays = unnamed.contains(name) && !all.contains(name) && !without.contains(name);
      if (stays) patterns.push_back(pattern);
    }
  }
  for (const auto& [name, whens] : all) {
    const auto before = had.find(name);
    for (const auto& when : whens) {
      auto& pattern = patterns.emplace_back();
      pattern.set_pattern(name);
      if (before != had.end()) {
        pattern.set_from_offset(before->second->from_offset());
        // Of no more use once all of them are settled.
        if (queue->floor(log_.committed_end()) < pattern.from_offset())
          *pattern.mutable_begins() = before->second->begins();
      } else {
        begin(pattern, beginning);
      }
      pattern.set_when(when);
      if (when.empty()) break;  // the first in order
    }
  }
  std::sort(patterns.begin(), patterns.end(), [](const v1::Pattern& a, const v1::Pattern& b) {
    return std::tie(a.pattern(), a.when()) < std::tie(b.pattern(), b.when());
  });
  return patterns;
}

// What nobody names is handed to none of those who are there.
void Services::note_unnamed(ServiceQueue& queue) {
  std::vector<std::string> patterns;
  for (const auto& [pattern, left_at] : unnamed_.of(queue.name())) patterns.push_back(pattern);
  queue.hold_back(std::move(patterns));
}

void Services::withdraw_unnamed() {
  for (const auto& service : unnamed_.take_due(log_.now())) {
    auto& queue = *queues_[by_name_.at(service)];
    auto patterns = patterns_for(service, {}, {}, {log_.appended_end()});
    if (same_patterns(patterns, queue.patterns())) continue;
    spdlog::info(
        "broker    patterns_withdrawn service={} from={} to={} (no instance has named them for long)",
        service, queue.patterns().size(), patterns.size());
    journal_patterns(service, patterns, [] {});
    want(queue, std::move(patterns));
    touch(queue);
  }
}

void Services::journal_patterns(const std::string& service, const std::vector<v1::Pattern>& patterns,
                                std::function<void()> when_committed) {
  v1::SubscriptionChanged change;
  change.set_service(service);
  *change.mutable_patterns() = {patterns.begin(), patterns.end()};
  publishing_.append(
      {}, own_record(subscription_topic, service, change, log_.now()),
      [when_committed = std::move(when_committed)](const StoredBatchPtr&) { when_committed(); });
}

// Which limit speaks against one more subscription like this. Temporary ones may take half of the places of
// services, so that they keep no service out. For Reel's `own` there is room beyond.
std::optional<std::string> Services::full_for(const v1::Subscribe& request, bool own, bool opened) const {
  const auto services_max = config_.broker.services_max;
  if (!opened && by_name_.size() >= services_max + (own ? own_services_reserve : 0)) {
    return "services_max (" + std::to_string(services_max) + ") services are known";
  }
  if (request.ephemeral() && !own && ephemerals_ >= (services_max + 1) / 2) {
    return "half of services_max (" + std::to_string(services_max) + ") are temporary subscriptions";
  }
  std::size_t bytes = pattern_bytes_;
  for (const auto& pattern : request.patterns())
    bytes += 2 * pattern.size();  // the instance's, the service's
  for (const auto& filter : request.filters()) bytes += 2 * filter.when().size();
  for (const auto& topic : request.data_topics()) bytes += topic.size();
  if (request.from_last_per_topic()) bytes += newest_bytes(request);
  if (bytes <= pattern_bytes_max + (own ? own_pattern_bytes_reserve : 0)) return std::nullopt;
  return "the patterns of all subscriptions together would be longer than " +
         std::to_string(pattern_bytes_max) + " bytes";
}

void Services::subscribe(Session& session, const v1::Subscribe& request) {
  if (auto wrong = check_subscription(request, router_)) {
    replies_.send(session.id, *std::move(wrong));
    return;
  }
  // An ephemeral subscription shares with nobody. '#' is in no service's name.
  const auto name = request.ephemeral()
                        ? session.service + "#" + std::to_string(static_cast<std::uint32_t>(session.id))
                        : session.service;
  const auto before = wishes_before(session, name);
  const bool all_have_come = unnamed_.all_have_come(name, log_.now());
  const auto came_at = unnamed_.came_at(name);
  leave(session, false);  // subscribing again replaces
  session.queue = name;
  supersede(session);
  const bool opened = by_name_.contains(name);
  if (auto full = full_for(request, is_system_service(session.service), opened)) {
    replies_.send(session.id, refused(v1::REFUSED_LIMIT, *std::move(full)));
    return;
  }
  const auto* const record = record_of(name);
  const bool known = opened || (record != nullptr && !record->patterns.empty());
  Beginning beginning{log_.appended_end()};
  try {
    if (!known) beginning = beginning_of(request);
  } catch (const JournalError& error) {
    return replies_.send(session.id, refused(v1::REFUSED_BAD_START, error.what()));
  }
  Wishes wishes;
  for (const auto& pattern : request.patterns()) wishes.emplace(pattern, "");
  for (const auto& filter : request.filters()) wishes[filter.pattern()] = filter.when();
  std::set<std::string> over;  // it has named them itself, nobody else does, and it does no longer
  for (const auto& [pattern, when] : before) {
    if (all_have_come && !wishes.contains(pattern) && !anybody_names(name, pattern)) over.insert(pattern);
  }
  const auto patterns = patterns_for(name, wishes, over, beginning);
  if (patterns.size() > service_patterns_max) {
    replies_.send(session.id, refused(v1::REFUSED_LIMIT, "the instances of a service have at most " +
                                                             std::to_string(service_patterns_max) +
                                                             " different patterns together"));
    return;
  }
  const auto begins = std::accumulate(patterns.begin(), patterns.end(), 0, [](int sum, const auto& pattern) {
    return sum + pattern.begins_size();
  });
  if (!known && begins > begins_max) {
    replies_.send(session.id,
                  refused(v1::REFUSED_BAD_START, "a subscription begins with the newest events of at most " +
                                                     std::to_string(begins_max) + " topics, not of " +
                                                     std::to_string(begins) +
                                                     " (a topic that two patterns match counts twice)"));
    return;
  }
  Offset start = beginning.from;
  for (const auto& pattern : patterns) {
    if (!known) start = std::min(start, begin_of(pattern));
  }
  session.patterns.assign(request.patterns().begin(), request.patterns().end());
  session.ephemeral = request.ephemeral();
  session.watermark_interval_ns = std::uint64_t{request.watermark_interval_ms()} * 1'000'000;

  members_[session.id] = {name, session.instance};
  pattern_bytes_ += bytes_of(wishes);
  for (const auto& [pattern, when] : wishes) unnamed_.decided(name, pattern);
  for (const auto& pattern : over) unnamed_.decided(name, pattern);
  if (!request.ephemeral()) unnamed_.came(name, came_at == 0 ? log_.now() : came_at);
  member_wishes_[session.id] = std::move(wishes);

  if (!opened) (void)open(name, request.ephemeral(), start);
  const auto index = by_name_.at(name);
  auto& queue = *queues_[index];
  const bool changed = !same_patterns(patterns, queue.patterns());
  want(queue, patterns);
  v1::Subscribe credit;  // what is still to be known of the request when it is committed
  credit.set_credit_events(request.credit_events());
  credit.set_credit_bytes(request.credit_bytes());
  credit.set_envelope_only(request.envelope_only());
  credit.set_tells_begun(request.tells_begun());
  *credit.mutable_data_topics() = request.data_topics();
  const auto ready = [this, id = session.id, credit, start] { activate(id, credit, start); };
  if (queue.ephemeral() || !changed) return log_.after_all(ready);

  journal_patterns(name, patterns, ready);
}

void Services::activate(InstanceId id, const v1::Subscribe& request, Offset first) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;  // gone meanwhile
  auto& queue = *queues_[by_name_.at(member->second.service)];
  const auto events = request.credit_events() == 0 ? credit_events_default : request.credit_events();
  const auto bytes = request.credit_bytes() == 0 ? credit_bytes_default : request.credit_bytes();
  queue.join({.id = id,
              .credit_events = std::min(events, credit_events_max),
              .credit_bytes = std::min(bytes, credit_bytes_max),
              .extent = {.envelope_only = request.envelope_only(),
                         .data_topics = {request.data_topics().begin(), request.data_topics().end()}},
              .tells_begun = request.tells_begun()});
  v1::FromBroker frame;
  auto& subscribed = *frame.mutable_subscribed();
  subscribed.set_first_offset(queue.behind() ? queue.floor(log_.committed_end())
                                             : std::max(first, log_.committed_end()));
  subscribed.set_end_offset(log_.committed_end());
  subscribed.set_log_time(log_.now());
  replies_.send(id, std::move(frame));
  touch(queue);
}

// The same instance in a former session that is not yet known to be over: it has lost that connection, or was
// started again. What it held there comes to it now, before anything newer does.
void Services::supersede(const Session& session) {
  for (const auto& [id, member] : members_) {
    if (id == session.id || member.service != session.queue || member.instance != session.instance) continue;
    return leave(id, false);
  }
}

void Services::leave(const Session& session, bool lost) {
  leave(session.id, lost);
}

void Services::leave(InstanceId id, bool lost) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  const auto instance = member->second.instance;
  const auto index = by_name_.at(member->second.service);
  auto& queue = *queues_[index];
  auto delivered = queue.take_delivered(id);  // of the last second, not reported yet
  auto settlement = queue.leave(id, lost, log_.now());
  members_.erase(member);
  const auto wishes = std::move(member_wishes_[id]);
  pattern_bytes_ -= bytes_of(wishes);
  member_wishes_.erase(id);
  if (queue.ephemeral()) {
    if (!queue.has_members()) close(index);
    return;
  }
  for (const auto& [pattern, when] : wishes) {
    if (!anybody_names(queue.name(), pattern)) unnamed_.left(queue.name(), pattern, log_.now());
  }
  if (!has_instances(queue.name())) unnamed_.gone(queue.name());
  note_unnamed(queue);
  journal_report(queue, std::move(delivered), instance, settlement);
  touch(queue);
}

}  // namespace reel::broker
