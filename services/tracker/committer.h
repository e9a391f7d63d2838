// The committer: writes checkpoints beside the tracker's own thread, one at a time. A sync takes longer than
// an alarm may be late.
//
//   committer.begin(std::move(batch));
//   … turns, in which deadlines are judged …
//   if (committer.ended()) inbox.acknowledge();
//
// While one is under way the store is read and not written.
#pragma once

#include <future>

#include "tracker/store.h"

namespace reel::tracker {

class Committer {
 public:
  virtual ~Committer() = default;
  /// The batch goes to the disk. None may be under way.
  virtual void begin(StoreBatch batch) = 0;
  /// Whether the last one is on the disk. Throws StoreError where it never will be.
  [[nodiscard]] virtual bool ended() = 0;
  /// Returns when ended() would be true; throws as that does.
  virtual void wait() = 0;
};

/// On a thread of its own.
class BackgroundCommitter final : public Committer {
 public:
  explicit BackgroundCommitter(Store& store) : store_{store} {}

  void begin(StoreBatch batch) override;
  [[nodiscard]] bool ended() override;
  void wait() override;

 private:
  Store& store_;
  std::future<void> under_way_;  // its end waits for the thread's
};

}  // namespace reel::tracker
