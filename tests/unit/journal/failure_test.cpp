// A disk that fails, a directory that is taken: one sentence, and no damage. The limit on file sizes stands
// in for the full disk: the system refuses at the same two places, when space is reserved and when it is
// written. Syncs fail by failing_sync.h.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "failing_sync.h"
#include "journal/file.h"
#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a second broker on the same directory is refused and told who is there") {
  JournalBench bench;
  bench.write("a");
  const std::string owner = "DIR: already used by another broker (pid " + std::to_string(::getpid()) + ")";
  try {
    const Journal second{bench.directory(), bench.options()};
    FAIL("opened twice");
  } catch (const JournalError& error) {
    CHECK(bench.shorten(error.what()) == owner);
  }
  bench.write("b");
  CHECK(bench.read_all() == "1:a | 2:b");
}

TEST_CASE("the lock of a broker that is gone keeps nobody out") {
  JournalBench bench;
  bench.write("a");
  bench.crash();
  CHECK(bench.reopen_error() == "");
}

TEST_CASE("what the disk refuses waits in order, and is committed when the disk takes it again") {
  JournalBench bench;
  bench.write("a");
  const auto position = bench.end_position();
  {
    const FileSizeLimit limit{position + 10};
    bench.write_later("b");
    CHECK_FALSE(bench.committed());
    CHECK(bench.failure() ==
          "cannot write DIR/00000000000000000001.journal: File too large; raise the limit on file sizes "
          "(ulimit -f), or lower broker.journal.segment_bytes");
    bench.write_later("c d");
    CHECK(bench.journal().end_offset() == 2);
    CHECK(bench.read_all() == "1:a");
  }
  bench.recover();
  CHECK(bench.read_all() == "1:a | 2:b | 3:c 4:d");
  bench.write("e");
  bench.crash();
  CHECK(bench.notes() == "");
  CHECK(bench.read_all() == "1:a | 2:b | 3:c 4:d | 5:e");
}

TEST_CASE("a journal closed while the disk refuses keeps what was committed, and nothing else") {
  JournalBench bench;
  bench.write("a");
  const auto position = bench.end_position();
  {
    const FileSizeLimit limit{position + 10};
    bench.write_later("b");
    CHECK_FALSE(bench.committed());
    bench.close();
  }
  CHECK(bench.notes() ==
        "cut 10 bytes of an unfinished batch at offset 2 (DIR/00000000000000000001.journal, byte " +
            std::to_string(position) + ")\n");
  bench.write("B");
  CHECK(bench.read_all() == "1:a | 2:B");
}

TEST_CASE("a segment the disk has no room for is begun when there is room") {
  JournalBench bench{{.segment_bytes = 4096}};
  const std::string a(3000, 'a');
  const std::string b(3000, 'b');
  bench.write(a);
  {
    const FileSizeLimit limit{4095};
    bench.write_later(b);
    CHECK_FALSE(bench.committed());
    CHECK(bench.failure() ==
          "cannot reserve 4096 bytes for DIR/next.segment: File too large; raise the limit on file sizes "
          "(ulimit -f), or lower broker.journal.segment_bytes");
    CHECK_FALSE(std::filesystem::exists(bench.directory() / "next.segment"));
    bench.write_later("c");  // would have fitted into the segment before
  }
  bench.recover();
  CHECK(bench.segments() == "1.journal 2.journal");
  bench.reopen();
  CHECK(bench.notes() == "");
  CHECK(bench.read_all() == "1:" + a + " | 2:" + b + " | 3:c");
}

TEST_CASE("segments whose time is over are deleted while nothing can be written") {
  JournalBench bench{{.segment_bytes = 4096, .retain = std::chrono::milliseconds{1}}};
  for (const char word : {'a', 'b', 'c'}) bench.write(std::string(3000, word));
  const FileSizeLimit limit{4095};
  bench.write_later(std::string(3000, 'd'));
  CHECK_FALSE(bench.committed());
  CHECK(bench.retain(1'000'000, 1'000'000'000) > 6000);
  CHECK(bench.segments() == "3.journal");
}

TEST_CASE("a segment that cannot be deleted is told of once, and deleted when it can be") {
  JournalBench bench{{.segment_bytes = 4096, .retain = std::chrono::milliseconds{1}}};
  for (const char word : {'a', 'b'}) bench.write(std::string(3000, word));
  auto in_the_way = bench.segment_path(1);
  in_the_way.replace_extension(".index");
  std::filesystem::remove(in_the_way);
  std::filesystem::create_directory(in_the_way);
  CHECK(bench.journal().retain(1'000'000, 1'000'000'000) > 3000);
  while (bench.delete_failure().empty()) bench.collect();
  CHECK(bench.delete_failure() ==
        "cannot delete DIR/00000000000000000001.index: Is a directory; a file belongs there: move the "
        "directory away");
  bench.write("c");  // nobody else is held up
  CHECK(bench.segments() == "1.journal 2.journal");
  std::filesystem::remove(in_the_way);
  CHECK(bench.retain(1'000'000, 1'000'000'000) == 0);  // waits until it is gone
  CHECK(bench.segments() == "2.journal");
}

TEST_CASE("after a sync that failed everything is written again, since its pages may be gone") {
  JournalBench bench;
  bench.write("a");
  {
    const FailingSync failing{bench.end_position()};
    bench.write_later("b");
    CHECK_FALSE(bench.committed());
    CHECK(bench.failure() ==
          "cannot sync DIR/00000000000000000001.journal: Input/output error; the disk is failing: move "
          "broker.data to another one");
    bench.write_later("c");
    CHECK(bench.read_all() == "1:a");
  }
  bench.recover();
  bench.crash();
  CHECK(bench.notes() == "");
  CHECK(bench.read_all() == "1:a | 2:b | 3:c");
}

TEST_CASE("a sync that fails behind the answers stops further ones until it is made up for") {
  JournalBench bench{{.sync = config::Sync::interval,
                      .sync_interval = std::chrono::milliseconds{1},
                      .segment_bytes = 64 << 10}};
  bench.journal();
  const auto syncs_of_the_start = syncs_made();
  bench.write("a");
  wait_for_more_syncs(syncs_of_the_start);  // what fails below is the sync of b, not that of a
  SUBCASE("the system still has what it could not write") {
    {
      const FailingSync failing;
      bench.write_later("b");
      while (bench.failure().empty()) bench.collect();
      bench.write_later("c");
      CHECK_FALSE(bench.committed());
      CHECK(bench.read_all() == "1:a | 2:b");
    }
    bench.recover();
    CHECK(bench.read_all() == "1:a | 2:b | 3:c");
  }
  SUBCASE("the system has lost it: nothing is built on that, and the next start cuts it") {
    const auto position = bench.end_position();
    {
      const FailingSync failing{position};
      bench.write_later("b");
      while (bench.failure().empty()) bench.collect();
    }
    const auto lost = "DIR/00000000000000000001.journal, byte " + std::to_string(position) +
                      ": the batch at offset 2 is damaged, after a sync that failed: the disk has lost it; "
                      "restart the broker, which cuts what is not whole";
    while (bench.failure() != lost) bench.collect();
    bench.close();
    CHECK(bench.read_all() == "1:a");
  }
}

TEST_CASE("under `os` a segment that cannot be synced is not gone on from until it can be") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 4096}};
  bench.write(std::string(3000, 'a'));
  {
    const FailingSync failing;
    bench.write_later(std::string(3000, 'b'));
    CHECK_FALSE(bench.committed());
    CHECK(bench.segments() == "1.journal");
  }
  bench.recover();
  CHECK(bench.segments() == "1.journal 2.journal");
  CHECK(bench.read_from(2) == "2:" + std::string(3000, 'b'));
}

TEST_CASE("under `os` what is committed is on the disk once that is asked for and the disk allows it") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 64 << 10}};
  bench.write("a b");
  CHECK(bench.journal().synced_end() == 1);
  {
    const FailingSync failing;
    bench.journal().sync();
    while (bench.failure().empty()) bench.collect();
    CHECK(bench.journal().synced_end() == 1);
  }
  while (bench.journal().synced_end() < 3) bench.collect();
  bench.write_later("c");
  while (bench.journal().end_offset() < 4) bench.collect();
  CHECK(bench.journal().synced_end() == 3);
}

TEST_CASE("a disk that has no room for more syncs what it has all the same") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 64 << 10}};
  bench.write("a");
  const FileSizeLimit limit{bench.end_position() + 10};
  bench.write_later("b");
  CHECK_FALSE(bench.committed());
  bench.journal().sync();
  while (bench.journal().synced_end() < 2) bench.collect();
}

TEST_CASE("a journal that cannot be begun says why") {
  JournalBench bench;
  {
    const FileSizeLimit limit{100};
    CHECK(bench.reopen_error() ==
          "cannot reserve 65536 bytes for DIR/next.segment: File too large; raise the limit on file sizes "
          "(ulimit -f), "
          "or lower broker.journal.segment_bytes");
  }
  CHECK(bench.reopen_error() == "");
}

TEST_CASE("a directory that is a file is refused") {
  JournalBench bench;
  std::ofstream{bench.directory() / "data"} << "";
  try {
    const Journal journal{bench.directory() / "data", bench.options()};
    FAIL("opened a file");
  } catch (const JournalError& error) {
    CHECK(bench.shorten(error.what()) ==
          "cannot make DIR/data: Not a directory; a directory belongs there: move the file away, or move "
          "broker.data");
  }
}

TEST_CASE("each failure of a disk comes with what to do about it") {
  struct Case {
    int error;
    const char* sentence;
  };
  for (const auto& [error, sentence] : {
           Case{ENOSPC,
                "cannot write d/1: No space left on device; free some, or move broker.data to a larger disk"},
           Case{EIO,
                "cannot write d/1: Input/output error; the disk is failing: move broker.data to another one"},
           Case{EACCES, "cannot write d/1: Permission denied; let the broker's user read and write it"},
           Case{EROFS, "cannot write d/1: Read-only file system; mount it writable, or move broker.data"},
           Case{EMFILE, "cannot write d/1: Too many open files; raise the limit on open files (ulimit -n)"},
           Case{ESTALE, "cannot write d/1: Stale file handle"},
       }) {
    CHECK(disk_sentence("write", "d/1", error) == sentence);
  }
}
