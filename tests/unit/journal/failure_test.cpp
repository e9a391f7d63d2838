// A disk that fails, a directory that is taken: one sentence, and no damage. The limit on file sizes stands
// in for the full disk: the system refuses at the same two places, when space is reserved and when it is
// written.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

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

TEST_CASE("a write the disk refuses fails what was not committed, and nothing else") {
  JournalBench bench;
  bench.write("a");
  const auto position = bench.end_position();
  {
    const FileSizeLimit limit{position + 10};
    bench.write_later("b");
    CHECK_FALSE(bench.committed());
    CHECK(bench.failure() ==
          "cannot write DIR/00000000000000000001.journal: File too large; raise the limit on file sizes "
          "(ulimit -f), "
          "or lower broker.journal.segment_bytes");
    CHECK(bench.journal().end_offset() == 2);
    CHECK(bench.read_all() == "1:a");
    bench.write_later("c");  // goes nowhere, harms nothing
    bench.close();
  }
  CHECK(bench.notes() ==
        "cut 10 bytes of an unfinished batch at offset 2 (DIR/00000000000000000001.journal, byte " +
            std::to_string(position) + ")\n");
  bench.write("B");
  CHECK(bench.read_all() == "1:a | 2:B");
}

TEST_CASE("a segment the disk has no room for fails the same way") {
  JournalBench bench{{.segment_bytes = 4096}};
  bench.write(std::string(3000, 'a'));
  {
    const FileSizeLimit limit{4095};
    bench.write_later(std::string(3000, 'b'));
    CHECK_FALSE(bench.committed());
    CHECK(bench.failure() ==
          "cannot reserve 4096 bytes for DIR/next.segment: File too large; raise the limit on file sizes "
          "(ulimit -f), "
          "or lower broker.journal.segment_bytes");
  }
  CHECK_FALSE(std::filesystem::exists(bench.directory() / "next.segment"));
  bench.reopen();
  CHECK(bench.notes() == "");
  bench.write("b");
  CHECK(bench.read_from(2) == "2:b");
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
