#include "journal/lookup.h"

#include <utility>

namespace reel::broker {
namespace {

// Of one read: as much as the index's spacing, which the way to a record costs anyway.
constexpr std::size_t read_bytes = 64u << 10;

}  // namespace

void Lookup::want(std::vector<Offset> offsets, Found found) {
  go_on({std::move(offsets), 0, std::move(found)});
}

void Lookup::go_on(Wanted wanted) {
  for (; wanted.next < wanted.offsets.size(); ++wanted.next) {
    const auto offset = wanted.offsets[wanted.next];
    const auto batch = log_.tail().find(offset);
    if (!batch) {
      journal_.read(next_token_, offset, read_bytes);
      reads_.emplace(next_token_++, std::move(wanted));
      return;
    }
    wanted.found(offset, batch);
  }
}

bool Lookup::take_read(const ReadDone& done) {
  const auto read = reads_.find(done.token);
  if (read == reads_.end()) return done.token >= first_token;
  auto wanted = std::move(read->second);
  reads_.erase(read);
  const auto asked = wanted.next;
  for (; wanted.next < wanted.offsets.size(); ++wanted.next) {
    const auto offset = wanted.offsets[wanted.next];
    const auto batch = find_batch(done.batches, offset);
    if (!batch && wanted.next > asked) break;  // further on
    wanted.found(offset, batch);
  }
  go_on(std::move(wanted));
  return true;
}

}  // namespace reel::broker
