#include "cli/letters.h"

#include <tuple>
#include <utility>

#include "cli/inquiry.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

/// Letters asked for at a time; each may carry a whole event.
constexpr std::uint32_t page_letters_max = 100;

/// Where a page ends, and the next one begins: behind a letter, which may be gone by then.
struct LetterPlace {
  std::string service;
  std::uint64_t offset = 0;  ///< 0: the begin, or no more
};

/// One page of dead letters or retries: both answers have the same shape.
struct Page {
  google::protobuf::RepeatedPtrField<Letter> letters;
  LetterPlace next;
  std::uint64_t total = 0;
};

template <class Ask>
void fill(Ask& ask, const std::string& service, const LetterPlace& after) {
  ask.set_service(service);
  ask.set_limit(page_letters_max);
  ask.set_after(after.offset);
  ask.set_after_service(after.service);
}

template <class Tell>
Page page_of(const Tell& tell, google::protobuf::RepeatedPtrField<Letter>& letters) {
  return {std::move(letters), {tell.next_service(), tell.next()}, tell.total()};
}

Page fetch(const Globals& globals, Failed which, const std::string& service, const LetterPlace& after) {
  v1::Request request;
  if (which == Failed::dead) {
    fill(*request.mutable_dead(), service, after);
    v1::Reply reply = ask_broker(globals, request);
    return page_of(reply.dead(), *reply.mutable_dead()->mutable_letters());
  }
  fill(*request.mutable_retries(), service, after);
  v1::Reply reply = ask_broker(globals, request);
  return page_of(reply.retries(), *reply.mutable_retries()->mutable_retries());
}

}  // namespace

std::uint64_t each_letter(const Globals& globals, Failed which, const std::string& service,
                          const std::function<bool(const Letter&)>& each) {
  for (LetterPlace after;;) {
    Page page = fetch(globals, which, service, after);
    for (const Letter& letter : page.letters) {
      if (!each(letter)) return page.total;
    }
    const bool moved = std::tie(page.next.service, page.next.offset) > std::tie(after.service, after.offset);
    if (page.next.offset == 0 || !moved) return page.total;
    after = std::move(page.next);
  }
}

Content content_of(const Catalog& catalog, const Letter& letter) {
  const auto event = letter.event().empty() ? std::nullopt : read_event(letter.event());
  if (!event) return {"null", "no longer in the journal"};
  const RunHead head{.source = letter.source(),
                     .topic = letter.topic(),
                     .dataschema = letter.dataschema(),
                     .chosen_ids = false};
  return {catalog.json().write(head, *event,
                               {.offset = stands_at(letter.failure()), .log_time = letter.recordedtime()}),
          catalog.payload_text(letter.dataschema(), event->data)};
}

Json failure_json(const Letter& letter) {
  const v1::Failure& failure = letter.failure();
  return {{"service", letter.service()},
          {"reeloffset", stands_at(failure)},
          {"type", letter.topic()},
          {"id", letter.id()},
          {"correlationid", letter.correlationid()},
          {"attempts", failure.attempt()},
          {"error_type", failure.error_type()},
          {"error", failure.error()},
          {"first_failed_at", rfc3339(failure.first_failed_at())},
          {"failed_at", rfc3339(letter.failed_at())}};
}

std::string letter_line(const Letter& letter, const Content& content) {
  std::string line = line_of(failure_json(letter));
  line.pop_back();
  return line + ",\"event\":" + content.event_json + "}";
}

}  // namespace reel::cli
