// Finds committed records by their offsets: at once where they are in memory, else by reading the journal.
//
//   lookup.want({17, 42, 43}, [](Offset offset, const StoredBatchPtr& batch) { … });   // ascending
//   if (lookup.take_read(done)) …                        // what a read brought; false where it was not ours
//
// Each want() reads one stretch after the other, so that many wanted records that stand together cost few
// reads, and one that stands alone little more than itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "journal/commit_log.h"
#include "journal/journal.h"

namespace reel::broker {

class Lookup {
 public:
  Lookup(Journal& journal, const CommitLog& log) : journal_{journal}, log_{log} {}

  /// Told once for each wanted offset, in their order: the batch that holds it, or null where it cannot be
  /// read. The batch may keep a whole stretch in memory: take from it what is needed.
  using Found = std::function<void(Offset, const StoredBatchPtr&)>;
  /// `found` may be called before this returns, and may call want().
  void want(std::vector<Offset> offsets, Found found);
  [[nodiscard]] bool take_read(const ReadDone& done);

 private:
  struct Wanted {
    std::vector<Offset> offsets;
    std::size_t next = 0;
    Found found;
  };
  void go_on(Wanted wanted);

  Journal& journal_;
  const CommitLog& log_;
  std::map<std::uint64_t, Wanted> reads_;  // by token
  std::uint64_t next_token_ = first_token;
  static constexpr std::uint64_t first_token = 1ull << 48;  // below are those of others who read
};

}  // namespace reel::broker
