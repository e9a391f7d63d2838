#include "cli/audit/audit.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/progress.h"
#include "story/record_topics.h"

namespace reel::cli {

namespace {

std::string hole_text(std::uint64_t offsets) {
  if (offsets == 1) return "the journal did not hand it out";
  return fmt::format("the journal did not hand out {} offsets from here on", count_text(offsets));
}

}  // namespace

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::lost: return "lost";
    case FindingKind::stray: return "stray";
    case FindingKind::twice: return "twice";
    case FindingKind::hole: return "hole";
    case FindingKind::unreadable: return "unreadable";
    case FindingKind::miscounted: return "miscounted";
  }
  return "unknown";
}

Audit::Audit(Interests& interests, std::uint64_t begin)
    : interests_{interests}, begin_{begin}, next_{begin} {}

Audit::Books& Audit::books_of(std::size_t service) {
  if (service >= books_.size()) books_.resize(service + 1);
  if (!books_[service]) {
    books_[service] = std::make_unique<Books>();
    books_[service]->service = service;
    books_[service]->account.service = interests_.name(service);
  }
  return *books_[service];
}

void Audit::add_finding(FindingKind kind, const std::string& service, std::uint64_t offset, std::string why) {
  ++findings_count_;
  if (!service.empty()) ++books_of(service).account.findings;
  if (++kept_[{kind, service}] > findings_kept_max) return;
  findings_.push_back({kind, service, offset, std::move(why)});
}

void Audit::see(const StreamEvent& event) {
  if (event.offset < next_) return;  // given out before the connection was lost
  if (event.offset > next_) {
    add_finding(FindingKind::hole, "", next_, hole_text(event.offset - next_));
  }
  next_ = event.offset + 1;
  ++events_;
  if (first_time_ == 0) first_time_ = event.recordedtime;
  last_time_ = event.recordedtime;
  add_wanted(event);
  if (event.topic.starts_with("reel.")) read_record(event);
}

void Audit::add_wanted(const StreamEvent& event) {
  interests_.wanting(event, wanted_);
  for (const Wanted& wanted : wanted_) {
    Books& books = books_of(wanted.service);
    if (wanted.doubtful) {
      books.doubtful.add(event.offset);
    } else {
      books.waiting[{wanted.stint, wanted.until}].add(event.offset);
      ++books.account.first.matched;
    }
  }
}

void Audit::read_record(const StreamEvent& event) {
  bool readable = true;
  if (is_report(event.topic)) {
    v1::DeliveryReport report;
    readable = parse_record(report, event.data);
    if (readable) take(report, event.offset);
  } else if (event.topic == subscription_topic) {
    v1::SubscriptionChanged changed;
    readable = parse_record(changed, event.data);
    if (readable) change_interests(changed.service(), event.offset);
  } else if (event.topic == control_topic) {
    v1::Command command;
    readable = parse_record(command, event.data);
    if (readable) take(command, event.offset);
  } else if (event.topic.starts_with(redelivery_prefix)) {
    v1::RedeliveryRecord record;
    readable = parse_record(record, event.data);
    if (readable) redeliver(std::string{event.topic.substr(redelivery_prefix.size())}, record, event.offset);
  }
  if (!readable) {
    add_finding(FindingKind::unreadable, "", event.offset,
                fmt::format("what stands on {} is not the broker's record", event.topic));
  }
}

// ---- endings

void Audit::take(const v1::DeliveryReport& report, std::uint64_t at) {
  Books& books = books_of(report.service());
  for (const v1::OffsetRange& range : report.acked()) {
    // Nothing behind the report can have been handled before it; that alone bounds the walk.
    const std::uint64_t end = range.first() + std::min<std::uint64_t>(range.count(), ~range.first());
    for (std::uint64_t offset = range.first(); offset < std::min(end, at); ++offset) {
      if (const auto line = settle(books, offset, at)) ++books.tally(*line).acked;
    }
    if (end > at) {
      add_finding(FindingKind::stray, report.service(), std::max(range.first(), at),
                  fmt::format("acked at offset {}, before it was there", at));
    }
  }
  for (const v1::Failure& failure : report.failures()) {
    if (failure.ending() != v1::ENDING_DEAD && failure.ending() != v1::ENDING_EXPIRED) continue;
    const auto line = settle(books, failure.offset(), at);
    if (!line) continue;
    if (failure.ending() == v1::ENDING_EXPIRED) {
      ++books.tally(*line).expired;
    } else {
      ++books.tally(*line).dead;
      const auto origin = failure.origin() != 0 ? failure.origin() : failure.offset();
      const auto [letter, fresh] = books.dead.emplace(origin, *line);
      if (fresh) continue;
      // Still a letter when it was replayed and died again: one letter, whose earlier death is made up for.
      --books.tally(letter->second).dead;
      ++books.tally(letter->second).again;
      letter->second = *line;
    }
  }
  for (const v1::Parked& parked : report.parked()) take_parked(books, parked, at);
  if (report.floor() > books.floor) raise_floor(books, report.floor(), at);
}

void Audit::take_parked(Books& books, const v1::Parked& parked, std::uint64_t at) {
  std::vector<std::uint64_t> origins;
  const auto walk = [at](const auto& ranges, auto each) {
    for (const v1::OffsetRange& range : ranges) {
      const std::uint64_t end = range.first() + std::min<std::uint64_t>(range.count(), ~range.first());
      for (std::uint64_t offset = range.first(); offset < std::min(end, at); ++offset) each(offset);
    }
  };
  walk(parked.origins(), [&](std::uint64_t origin) { origins.push_back(origin); });
  std::size_t index = 0;
  walk(parked.offsets(), [&](std::uint64_t offset) {
    const std::uint64_t origin = index < origins.size() ? origins[index] : offset;
    ++index;
    const auto line = settle(books, offset, at);
    if (!line) return;
    ++books.tally(*line).parked;
    books.parked[*line].add(origin);
  });
}

std::optional<Audit::Line> Audit::settle(Books& books, std::uint64_t offset, std::uint64_t at) {
  if (const auto line = take_owed(books, offset)) {
    if (offset >= books.floor) books.settled.add(offset);
    return line;
  }
  if (offset < begin_) {
    ++books.account.earlier;
  } else if (books.settled.holds(offset)) {
    add_finding(FindingKind::twice, books.account.service, offset,
                fmt::format("settled again at offset {}, with no redelivery in between", at));
  } else if (offset < interests_.known_from(books.service)) {
    ++books.account.unjudged;
  } else {
    add_finding(FindingKind::stray, books.account.service, offset,
                offset < books.floor
                    ? fmt::format("settled at offset {}, below the floor {}", at, books.floor)
                    : fmt::format("settled at offset {}, but no pattern of the service matches it", at));
  }
  return std::nullopt;
}

std::optional<Audit::Line> Audit::take_owed(Books& books, std::uint64_t offset) {
  for (auto group = books.waiting.begin(); group != books.waiting.end(); ++group) {
    if (group->first.first == books.stint && group->second.take(offset)) return first;
  }
  if (books.waiting_again.take(offset)) return again;
  for (const Line line : {first, again}) {
    if (!books.withdrawn[line].take(offset)) continue;
    --books.tally(line).withdrawn;
    return line;
  }
  if (!books.doubtful.take(offset)) return std::nullopt;
  ++books.account.first.matched;  // so it was wanted
  return first;
}

void Audit::raise_floor(Books& books, std::uint64_t floor, std::uint64_t at) {
  books.floor = floor;
  for (auto& [key, offsets] : books.waiting) {
    if (key.first != books.stint) continue;
    offsets.take_below(floor, [&](std::uint64_t offset) {
      ++books.account.first.lost;
      add_finding(FindingKind::lost, books.account.service, offset,
                  fmt::format("no ending, and below the floor {} reported at offset {}", floor, at));
    });
  }
  books.waiting_again.take_below(floor, [&](std::uint64_t offset) {
    ++books.account.again.lost;
    add_finding(
        FindingKind::lost, books.account.service, offset,
        fmt::format("redelivered, no ending, and below the floor {} reported at offset {}", floor, at));
  });
  books.doubtful.forget_below(floor);
  books.settled.forget_below(floor);
  for (OffsetMarks& withdrawn : books.withdrawn) withdrawn.forget_below(floor);
}

// ---- what changes what is owed

void Audit::redeliver(const std::string& service, const v1::RedeliveryRecord& record, std::uint64_t at) {
  Books& books = books_of(service);
  ++books.account.again.matched;
  books.waiting_again.add(at);
  if (record.kind() == v1::REDELIVERY_REPLAYED) return;
  if (const auto letter = books.dead.find(record.origin()); letter != books.dead.end()) {
    --books.tally(letter->second).dead;
    ++books.tally(letter->second).again;
    books.dead.erase(letter);
    return;
  }
  for (const Line line : {first, again}) {
    if (!books.parked[line].take(record.origin())) continue;
    --books.tally(line).parked;
    ++books.tally(line).again;
    return;
  }
}

void Audit::take(const v1::Command& command, std::uint64_t at) {
  if (command.has_forget()) return change_interests(command.service(), at);
  if (!command.has_discard()) return;
  Books& books = books_of(command.service());
  for (const std::uint64_t origin : command.discard().offsets()) {
    const auto letter = books.dead.find(origin);
    if (letter == books.dead.end()) continue;
    --books.tally(letter->second).dead;
    ++books.tally(letter->second).discarded;
    books.dead.erase(letter);
  }
}

// What no pattern wants any more is withdrawn; what was in somebody's hands may yet be settled.
void Audit::change_interests(const std::string& service, std::uint64_t at) {
  Books& books = books_of(service);
  for (auto group = books.waiting.begin(); group != books.waiting.end();) {
    if (group->first.first == books.stint && group->first.second <= at) {
      books.account.first.withdrawn += group->second.size();
      group->second.move_to(books.withdrawn[first]);
      group = books.waiting.erase(group);
    } else {
      ++group;
    }
  }
  if (interests_.ended(books.service, books.stint, at)) withdraw_everything(books);
  if (const std::size_t stint = interests_.stint_at(books.service, at); stint != books.stint) {
    books.stint = stint;
    books.floor = 0;
    for (OffsetMarks& withdrawn : books.withdrawn) withdrawn = {};
  }
}

// The service is forgotten, its letters with it.
void Audit::withdraw_everything(Books& books) {
  books.account.again.withdrawn += books.waiting_again.size();
  books.waiting_again.move_to(books.withdrawn[again]);
  for (const auto& [origin, line] : books.dead) {
    --books.tally(line).dead;
    ++books.tally(line).withdrawn;
  }
  books.dead.clear();
  for (const Line line : {first, again}) {
    books.tally(line).withdrawn += books.tally(line).parked;
    books.tally(line).parked = 0;
    books.parked[line] = {};
  }
  books.settled = {};
  books.doubtful = {};
}

// ---- the end

void Audit::finish(std::uint64_t end) {
  if (next_ < end) {
    add_finding(FindingKind::hole, "", next_, hole_text(end - next_));
  }
  for (std::size_t service = 0; service < interests_.count(); ++service) {
    Books& books = books_of(service);
    std::uint64_t waiting = 0;
    for (const auto& [key, offsets] : books.waiting) waiting += offsets.size();
    books.account.first.waiting = waiting;
    books.account.again.waiting = books.waiting_again.size();
    books.account.doubtful = books.doubtful.size();
  }
}

Audit::Agreement Audit::compare(const std::string& service, std::uint64_t waiting, bool behind) const {
  for (const auto& books : books_) {
    if (!books || books->account.service != service) continue;
    const Account& account = books->account;
    const std::uint64_t owed = account.first.waiting + account.again.waiting;
    // Some of what is no longer wanted is in somebody's hands still, and what is doubtful may be wanted.
    const std::uint64_t more =
        books->withdrawn[first].size() + books->withdrawn[again].size() + account.doubtful;
    if (waiting > owed + more) return Agreement::too_much;
    return waiting < owed && !behind ? Agreement::too_little : Agreement::yes;
  }
  return waiting == 0 ? Agreement::yes : Agreement::too_much;
}

std::vector<const Account*> Audit::accounts() const {
  std::vector<const Account*> accounts;
  for (const auto& books : books_) {
    if (books) accounts.push_back(&books->account);
  }
  std::sort(accounts.begin(), accounts.end(),
            [](const Account* a, const Account* b) { return a->service < b->service; });
  return accounts;
}

}  // namespace reel::cli
