#include "service/delaying.h"

#include <algorithm>
#include <map>
#include <memory>

#include "event/batch.h"
#include "service/own_record.h"
#include "service/page_size.h"

namespace reel::broker {
namespace {

constexpr std::uint32_t page_events_max = 200;

void fill(v1::DelayedReply::Event& row, v1::Delayed delayed) {
  if (const auto event = read_event(delayed.event())) {
    row.set_id(std::string{event->id});
    row.set_correlationid(std::string{event->correlationid});
  }
  row.set_topic(std::move(*delayed.mutable_topic()));
  row.set_source(std::move(*delayed.mutable_source()));
  row.set_dataschema(std::move(*delayed.mutable_dataschema()));
  row.set_event(std::move(*delayed.mutable_event()));
}

struct Page {
  v1::DelayedReply reply;
  std::map<Offset, int> rows;
  std::size_t unread = 0;
};

void cut_to_size(v1::DelayedReply& reply) {
  const int rows = rows_that_fit(reply.events());
  if (rows == reply.events_size()) return;
  reply.mutable_events()->DeleteSubrange(rows, reply.events_size() - rows);
  reply.set_more(true);
}

}  // namespace

Delaying::Delaying(const config::Model& config, Delays& delays, Publishing& publishing, EventReads& reads,
                   CommitLog& log)
    : delays_{delays},
      publishing_{publishing},
      log_{log},
      reads_{reads},
      due_{config, delays, reads, publishing, log},
      moves_{delays, reads, publishing} {}

Offset Delaying::needed_from() const {
  const auto oldest = delays_.oldest();
  return oldest == 0 ? log_.committed_end() : std::min(oldest, log_.committed_end());
}

void Delaying::cancel(const v1::Command& command, std::function<void(v1::CommandReply)> reply) {
  v1::CommandReply answer;
  const Offset offset = command.cancel_delayed();
  if (!delays_.take(offset)) {
    answer.add_left_out("no event waits at offset " + std::to_string(offset) +
                        ": it was published, cancelled, or written again elsewhere to free old segments");
    return reply(std::move(answer));
  }
  // The command first: it stands where the log ends now.
  answer.set_offset(log_.appended_end());
  answer.set_count(1);
  v1::DelayedEnded ended;
  ended.add_offsets(offset);
  ended.set_command(answer.offset());
  const auto now = log_.now();
  publishing_.append({},
                     own_record(control_topic, delayed_topic, command, now) +
                         own_record(delayed_ended_topic, delayed_topic, ended, now),
                     [reply = std::move(reply), answer](const StoredBatchPtr&) { reply(answer); });
}

void Delaying::list(const v1::DelayedRequest& request, std::function<void(v1::DelayedReply)> reply) {
  const auto limit =
      std::clamp(request.limit() == 0 ? page_events_max : request.limit(), 1u, page_events_max);
  auto waiting = delays_.page({request.after_due(), request.after_offset()}, limit + 1);
  const auto page = std::make_shared<Page>();
  page->reply.set_total(delays_.waiting());
  page->reply.set_more(waiting.size() > limit);
  if (page->reply.more()) waiting.pop_back();
  if (waiting.empty()) return reply(std::move(page->reply));
  std::vector<Offset> offsets;
  for (const auto& [due, offset] : waiting) {
    auto& row = *page->reply.add_events();
    row.set_offset(offset);
    row.set_due(due);
    page->rows[offset] = page->reply.events_size() - 1;
    offsets.push_back(offset);
  }
  std::sort(offsets.begin(), offsets.end());
  page->unread = offsets.size();
  reads_.each(std::move(offsets), [page, reply = std::move(reply)](const EventAt& event) {
    auto delayed = event.batch ? delayed_at(*event.batch, event.offset) : std::nullopt;
    const int row = page->rows.at(event.offset);
    if (delayed && row < page->reply.events_size()) {
      fill(*page->reply.mutable_events(row), *std::move(delayed));
      cut_to_size(page->reply);
    }
    if (--page->unread == 0) reply(std::move(page->reply));
  });
}

}  // namespace reel::broker
