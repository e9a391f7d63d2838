#include "tracker/committer.h"

#include <doctest/doctest.h>

#include <thread>

#include "watch_bench.h"

using namespace reel::tracker;

namespace {

StoreBatch progress_upto(Store& store, std::uint64_t offset) {
  stored::Progress progress;
  progress.set_handled_offset(offset);
  StoreBatch batch = store.batch();
  batch.put_progress(progress);
  return batch;
}

}  // namespace

TEST_CASE("what was committed in the background is in the store, one batch after the other") {
  bench::TempFolder folder;
  Store store{folder.path()};
  BackgroundCommitter committer{store};
  for (std::uint64_t offset = 1; offset <= 20; ++offset) {
    committer.begin(progress_upto(store, offset));
    if (offset % 2 == 0) {
      committer.wait();
    } else {
      while (!committer.ended()) std::this_thread::yield();
    }
    CHECK(store.progress().handled_offset() == offset);
  }
}

TEST_CASE("who goes while a checkpoint is being written waits for it") {
  bench::TempFolder folder;
  Store store{folder.path()};
  {
    BackgroundCommitter committer{store};
    committer.begin(progress_upto(store, 7));
  }
  CHECK(store.progress().handled_offset() == 7);
}
