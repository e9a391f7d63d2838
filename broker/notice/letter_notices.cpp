#include "notice/letter_notices.h"

#include <memory>
#include <vector>

#include "event/batch.h"
#include "event/uuid.h"
#include "route/router.h"

namespace reel::broker {
namespace {

bool tells_of_failures(std::string_view topic) {
  return topic == dead_letter_topic || is_service_topic(topic);
}

v1::DeadLetter letter_of(const std::string& service, const v1::Failure& failure, Offset origin) {
  v1::DeadLetter letter;
  letter.set_service(service);
  letter.set_offset(origin);
  letter.set_attempt(failure.attempt());
  letter.set_error_type(failure.error_type());
  letter.set_error(failure.error());
  letter.set_first_failed_at(failure.first_failed_at());
  letter.set_failed_at(failure.failed_at());
  return letter;
}

// Where the journal no longer has the event, its flow is not known: then it is in that of the service, as
// records about services are.
std::string notice_of(v1::DeadLetter letter, const EventAt& at, LogTime now) {
  const auto event = at.batch ? read_event(at.event().bytes) : std::nullopt;
  const auto id = uuid_v7(now);
  EventFields fields{.id = id, .correlationid = letter.service(), .time = now};
  if (event) {
    letter.set_id(std::string{event->id});
    letter.set_topic(std::string{at.run().topic});
    letter.set_source(std::string{at.run().source});
    letter.set_dataschema(std::string{at.run().dataschema});
    fields.correlationid = event->correlationid;
    fields.causationid = event->id;
    fields.partitionkey = event->partitionkey;
    fields.traceparent = event->traceparent;
    fields.tracestate = event->tracestate;
    fields.replayed = event->replayed;
  }
  const auto data = letter.SerializeAsString();
  fields.data = data;
  BatchWriter writer;
  writer.begin_run({.source = broker_source,
                    .topic = dead_letter_topic,
                    .dataschema = v1::DeadLetter::descriptor()->full_name()});
  writer.add(fields);
  return writer.take();
}

}  // namespace

void LetterNotices::tell() {
  const auto letters = std::make_shared<const Letters>(next_letters());
  std::vector<Offset> offsets;
  for (const auto& [origin, service] : *letters) {
    if (offsets.empty() || offsets.back() != origin) offsets.push_back(origin);
  }
  under_way_ = true;  // before it is asked: the answer may come at once
  const bool asked = reads_.fetch(
      std::move(offsets), [this, letters](const EventAt& at) { found(at, *letters); }, [this] { append(); });
  if (asked) return;
  under_way_ = false;  // too many questions wait
  rests_until_ = log_.now() + EventReads::read_again_ns;
}

// The next ones in the order of services and origins, and from the first one on when that is at its end.
LetterNotices::Letters LetterNotices::next_letters() {
  Letters letters;
  const auto& services = ledger_.with_untold();
  for (auto service = services.lower_bound(last_.first);
       service != services.end() && letters.size() < batch_letters_max; ++service) {
    const auto& untold = ledger_.find(*service)->untold;
    auto origin = *service == last_.first ? untold.upper_bound(last_.second) : untold.begin();
    for (; origin != untold.end() && letters.size() < batch_letters_max; ++origin) {
      letters.emplace(*origin, *service);
      last_ = {*service, *origin};
    }
  }
  if (letters.size() == batch_letters_max) return letters;
  last_ = {};
  if (std::exchange(any_unreadable_, false)) rests_until_ = log_.now() + EventReads::read_again_ns;
  return letters;
}

void LetterNotices::found(const EventAt& at, const Letters& letters) {
  if (!at.batch && reads_.holds(at.offset)) {  // it cannot be read, which the journal has said
    any_unreadable_ = true;
    return;
  }
  const auto [first, last] = letters.equal_range(at.offset);
  for (auto letter = first; letter != last; ++letter) {
    const auto& service = letter->second;
    const auto* const record = ledger_.find(service);
    const auto failure = record->dead.find(at.offset);
    if (failure == record->dead.end() || !record->untold.contains(at.offset)) continue;  // meanwhile
    if (at.batch && tells_of_failures(at.run().topic)) {
      ledger_.need_not_tell(service, at.offset);
    } else {
      encoded_ += notice_of(letter_of(service, failure->second, at.offset), at, log_.now());
    }
  }
}

void LetterNotices::append() {
  if (encoded_.empty()) {
    under_way_ = false;
    return;
  }
  publishing_.append({}, std::exchange(encoded_, {}), [this](const StoredBatchPtr&) { under_way_ = false; });
}

}  // namespace reel::broker
