// What is appended is read again: across segments, restarts, from any place, while more is being written.
#include <doctest/doctest.h>

#include "failing_sync.h"
#include "journal/writer_thread.h"
#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE("a new journal is empty and begins with offset 1") {
  JournalBench bench;
  CHECK(bench.journal().begin_offset() == 1);
  CHECK(bench.journal().end_offset() == 1);
  CHECK(bench.journal().last_log_time() == 0);
  CHECK(bench.read_all() == "");
  CHECK(bench.notes() == "");
}

TEST_CASE("what was appended is read back, before and after a restart") {
  JournalBench bench;
  bench.write("a b");
  bench.write("c");
  CHECK(bench.read_all() == "1:a 2:b | 3:c");

  bench.reopen();
  CHECK(bench.read_all() == "1:a 2:b | 3:c");
  CHECK(bench.scan_from(0) == "1:a 2:b | 3:c");
  CHECK(bench.journal().end_offset() == 4);
  CHECK(bench.journal().last_log_time() == 1002);
  CHECK(bench.notes() == "");

  bench.write("d");
  CHECK(bench.read_all() == "1:a 2:b | 3:c | 4:d");
}

TEST_CASE("a little is committed at once, what is more by the writer") {
  config::Journal options;
  options.sync = config::Sync::os;
  JournalBench bench{options};
  bench.write_later("a");
  CHECK(bench.committed_now() == 2);

  // What is little does not overtake what the writer has not come to yet.
  bench.write_later(std::string(WriterThread::commit_here_bytes_max, 'b'));
  bench.write_later("c");
  REQUIRE(bench.committed());
  CHECK(bench.journal().end_offset() == 4);
}

TEST_CASE("who appends does not wait for the writer, whose disk hangs") {
  config::Journal options;
  options.sync = config::Sync::always;
  JournalBench bench{options};
  bench.journal();
  {
    const HangingSync hanging;
    bench.write_later(std::string(WriterThread::commit_here_bytes_max, 'a'));
    bench.write_later("b");
    CHECK(bench.committed_now() == 1);
  }
  REQUIRE(bench.committed());
  CHECK(bench.journal().end_offset() == 3);
}

TEST_CASE("what is committed at once is synced in time, by the writer") {
  config::Journal options;
  options.sync = config::Sync::interval;
  options.sync_interval = std::chrono::milliseconds{1};
  JournalBench bench{options};
  for (int round = 0; round < 20; ++round) {
    const auto before = syncs_made();
    bench.write_later("a");
    bench.write_later("b");  // before the writer has looked at what it is to sync
    wait_for_more_syncs(before);
  }
  {
    const HangingSync hanging;
    for (int i = 0; i < 100; ++i) bench.write_later("c");
  }
  REQUIRE(bench.committed());
}

TEST_CASE("a batch comes back with its producer, sequence, log time, runs and keys") {
  JournalBench bench;
  auto batch = std::make_shared<StoredBatch>(*batch_of("a b", 1, 77));
  batch->producer = 0xfeed;
  batch->sequence = 9;
  bench.journal().append(batch);
  bench.journal().commit();
  (void)bench.read_once(1, 1);  // waits for nothing but the thread
  bench.reopen();

  StoredBatchPtr found;
  bench.journal().scan(0, [&found](const StoredBatchPtr& each) { found = each; });
  REQUIRE(found);
  CHECK(found->producer == 0xfeed);
  CHECK(found->sequence == 9);
  CHECK(found->log_time == 77);
  REQUIRE(found->runs.size() == 1);
  CHECK(found->runs[0].topic == "word.said");
  CHECK(found->events[1].key_hash == hash_key("c"));
}

TEST_CASE("a batch of several pieces is written as they lie and read as one") {
  JournalBench bench;
  auto batch = std::make_shared<StoredBatch>(*batch_of("a", 1, 77));
  const auto more = batch_of("b c", 1, 0);
  for (const auto piece : more->pieces) batch->append_own(std::string{piece});
  bench.journal().append(batch);
  bench.journal().commit();
  bench.reopen();
  CHECK(bench.read_all() == "1:a 2:b 3:c");
}

TEST_CASE("a full segment is followed by the next, named by its first offset") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 300}};
  for (const auto* word : {"a", "b", "c", "d", "e"}) bench.write(word);
  CHECK(bench.segments() == "1.journal 3.journal 5.journal");
  CHECK(bench.read_all() == "1:a | 2:b | 3:c | 4:d | 5:e");
  bench.reopen();
  CHECK(bench.read_all() == "1:a | 2:b | 3:c | 4:d | 5:e");
  CHECK(bench.scan_from(0) == "1:a | 2:b | 3:c | 4:d | 5:e");
  bench.write("f");
  CHECK(bench.read_from(6) == "6:f");
}

TEST_CASE("reading begins with the batch that holds the offset") {
  JournalBench bench{{.segment_bytes = 300}};
  bench.write("a b");
  bench.write("c d");
  bench.write("e f");
  CHECK(bench.read_from(4) == "3:c 4:d | 5:e 6:f");
  CHECK(bench.scan_from(4) == "3:c 4:d | 5:e 6:f");
  CHECK(bench.read_from(5) == "5:e 6:f");
  CHECK(bench.read_from(7) == "");
  CHECK(bench.read_from(1000) == "");
}

TEST_CASE("a read gives about as much as was asked for, and at least one batch") {
  JournalBench bench;
  for (int i = 0; i < 10; ++i) bench.write("a");
  CHECK(bench.read_once(3, 1) == "3:a");
  CHECK(bench.read_once(3, 140) == "3:a | 4:a | 5:a");
}

TEST_CASE("a batch larger than a segment has a segment of its own size") {
  JournalBench bench{{.segment_bytes = 300}};
  const std::string large(5000, 'x');
  bench.write("a");
  bench.write(large);
  bench.write("b");
  CHECK(bench.segments() == "1.journal 2.journal 3.journal");
  CHECK(bench.read_all() == "1:a | 2:" + large + " | 3:b");

  SUBCASE("even if it is the first") {
    JournalBench other{{.segment_bytes = 300}};
    other.write(large);
    other.write("b");
    CHECK(other.segments() == "1.journal 2.journal");
    other.reopen();
    CHECK(other.read_all() == "1:" + large + " | 2:b");
  }
}

TEST_CASE("each policy commits what it was given, and close leaves all of it on the disk") {
  for (const auto sync : {config::Sync::always, config::Sync::interval, config::Sync::os}) {
    JournalBench bench{{.sync = sync, .sync_interval = config::milliseconds{1}, .segment_bytes = 2000}};
    for (int i = 0; i < 50; ++i) bench.write_later("a b c");
    CHECK(bench.committed());
    bench.reopen();
    CHECK(bench.journal().end_offset() == 151);
  }
}

TEST_CASE("what is appended is written even when the journal is closed at once") {
  JournalBench bench;
  for (int i = 0; i < 100; ++i) bench.write_later("a");
  bench.reopen();
  CHECK(bench.journal().end_offset() == 101);
}

TEST_CASE("reads see only whole commits while appends go on") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 3000}};
  std::string expected;
  for (int i = 1; i <= 300; ++i) {
    expected += (i > 1 ? " | " : "") + std::to_string(i) + ":w";
    bench.write_later("w");
    if (i % 10 == 0) {
      const auto seen = bench.read_all();
      CHECK(expected.starts_with(seen));
    }
  }
  CHECK(bench.committed());
  CHECK(bench.read_all() == expected);
}

TEST_CASE("an offset is found by its log time") {
  JournalBench bench{{.segment_bytes = 300}};
  bench.set_log_time(1000);
  bench.write("a b c");  // 1000, 1001, 1002
  bench.set_log_time(2000);
  bench.write("d");
  bench.set_log_time(3000);
  bench.write("e f");
  bench.write("g");  // 3002, in the second segment
  auto& journal = bench.journal();
  CHECK(journal.offset_at(0) == 1);
  CHECK(journal.offset_at(1000) == 1);
  CHECK(journal.offset_at(1002) == 3);
  CHECK(journal.offset_at(1003) == 4);
  CHECK(journal.offset_at(2500) == 5);
  CHECK(journal.offset_at(3001) == 6);
  CHECK(journal.offset_at(3002) == 7);
  CHECK(journal.offset_at(3003) == 8);
}

TEST_CASE("in a long segment an offset is found through the index") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 4 << 20}};
  const std::string word(1000, 'x');
  for (int i = 0; i < 1000; ++i) bench.write_later(word);
  CHECK(bench.committed());
  for (const bool again : {false, true}) {
    if (again) bench.reopen();
    CHECK(bench.journal().offset_at(1000 + 700) == 701);
    CHECK(bench.read_once(701, 1) == "701:" + word);
    CHECK(bench.read_once(1000, 1) == "1000:" + word);
  }
}
