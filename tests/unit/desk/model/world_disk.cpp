// The world's disk and time.
#include <doctest/doctest.h>
#include <poll.h>

#include <utility>

#include "world.h"

namespace reel::broker::test {
namespace {

namespace fs = std::filesystem;

}  // namespace

void World::advance(LogTime by, const std::string& silent) {
  now_ += by;
  v1::ToBroker head;
  head.mutable_beat();
  for (const auto& session : sessions_) {
    if (session != silent) frame(session, head);
  }
  sessions_.erase(silent);
}

void World::stalls(bool full) {
  runs();
  stalled_ = true;
  const fs::path copy = directory_.string() + "-at-stall";
  fs::remove_all(copy);
  fs::copy(directory_, copy);
  if (full) desk_->take(JournalDone{WriteFailing{"the disk is full"}});
}

void World::goes_on() {
  stalled_ = false;
  fs::remove_all(directory_.string() + "-at-stall");
  // There may have been nothing but the reason.
  desk_->take(JournalDone{std::exchange(held_back_, {}).value_or(Committed{desk_->committed_end(), 0})});
}

// Everything appended is written, every read answered; the desk is told in one order, whoever was faster.
void World::waits_for_the_disk() {
  constexpr int patience_ms = 20'000;
  std::vector<JournalDone> reads;
  while (journal_->reads_under_way() > 0 || journal_->end_offset() < desk_->appended_end()) {
    journal_->commit();
    pollfd bell{.fd = journal_->event_fd(), .events = POLLIN, .revents = 0};
    REQUIRE_MESSAGE(::poll(&bell, 1, patience_ms) == 1, "the journal does not answer");
    for (auto& done : journal_->take_done()) {
      if (const auto* const committed = std::get_if<Committed>(&done)) {
        held_back_ = *committed;
      } else {
        reads.push_back(std::move(done));
      }
    }
  }
  if (!stalled_ && held_back_) desk_->take(JournalDone{*std::exchange(held_back_, {})});
  happened_ += reads.size();
  for (auto& read : reads) desk_->take(std::move(read));
}

void World::snapshots() {
  saved_ = desk_->snapshot();
}

// As the broker does it: nothing is deleted that the snapshot does not know of.
Offset World::retains() {
  desk_->make_room(journal_->retained_from(now_ + 3'600'000'000'000));
  runs();
  snapshots();
  (void)journal_->retain(std::min(desk_->needed_from(), saved_->offset()), now_ + 3'600'000'000'000);
  desk_->retained();
  snapshots();
  return journal_->begin_offset();
}

void World::restarts(bool loses, bool forgets) {
  const auto begin = journal_->begin_offset();
  desk_.reset();
  journal_.reset();
  const fs::path copy = directory_.string() + "-at-stall";
  if (stalled_ && loses) {
    fs::remove_all(directory_);
    fs::rename(copy, directory_);
  }
  fs::remove_all(copy);
  stalled_ = false;
  held_back_.reset();
  sessions_.clear();
  handed_.clear();
  accepted_.clear();
  settled_.clear();
  start(forgets && begin == 1 ? std::nullopt : saved_);
}

}  // namespace reel::broker::test
