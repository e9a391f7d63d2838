// What a start makes of what it finds: it cuts what was never promised, and refuses to go on where something
// that was promised is damaged.
#include <doctest/doctest.h>

#include <fstream>

#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

namespace fs = std::filesystem;

TEST_CASE("a batch torn at any byte is cut, and everything before it stays") {
  JournalBench bench;
  bench.write("a");
  bench.write("b");
  const auto begin = bench.end_position();
  bench.write("c");
  const auto end = bench.end_position();
  bench.crash();
  const auto whole = bench.file_bytes(bench.segment_path(1));
  const auto content = whole.find_last_not_of('\0') + 1;  // behind it there is only padding

  for (auto at = begin; at < end; ++at) {
    std::ofstream{bench.segment_path(1), std::ios::binary} << whole;
    bench.tear(1, at);
    const auto left = whole.substr(0, at).find_last_not_of('\0') + 1;
    const auto expected = at >= content || left <= begin ? std::string{}
                                                         : "cut " + std::to_string(left - begin) +
                                                               " bytes of an unfinished batch at offset 3 "
                                                               "(DIR/00000000000000000001.journal, byte " +
                                                               std::to_string(begin) + ")\n";
    CHECK(bench.notes() == expected);
    CHECK(bench.read_all() == (at >= content ? "1:a | 2:b | 3:c" : "1:a | 2:b"));
    if (at < content) bench.write("C");
    bench.crash();
    CHECK(bench.notes() == "");
    CHECK(bench.read_all() == (at >= content ? "1:a | 2:b | 3:c" : "1:a | 2:b | 3:C"));
    bench.crash();
  }
}

TEST_CASE("a crash before anything was written leaves an empty journal") {
  JournalBench bench;
  bench.journal();
  bench.crash();
  CHECK(bench.notes() == "");
  bench.write("a");
  CHECK(bench.read_all() == "1:a");
}

TEST_CASE("a byte wrong in the last batch is a torn tail, since nothing tells it from one") {
  JournalBench bench;
  bench.write("a");
  const auto begin = bench.end_position();
  bench.write("b");
  bench.crash();
  bench.flip_byte(1, begin + 70);
  CHECK(bench.notes().starts_with("cut "));
  CHECK(bench.read_all() == "1:a");
}

TEST_CASE("a byte wrong in a batch that was synced is refused with its place, and nothing is changed") {
  JournalBench bench;
  bench.write("a");
  const auto begin = bench.end_position();
  bench.write("b");
  const auto end = bench.end_position();
  bench.write("c");
  bench.crash();
  const auto whole = bench.file_bytes(bench.segment_path(1));

  for (auto at = begin; at < end; ++at) {
    std::ofstream{bench.segment_path(1), std::ios::binary} << whole;
    bench.flip_byte(1, at);
    const auto flipped = bench.file_bytes(bench.segment_path(1));
    const auto error = bench.reopen_error();
    if (error.empty()) {  // only padding is not covered by the checksum
      CHECK(whole[at] == '\0');
      CHECK(at > end - 8);
      bench.crash();
      continue;
    }
    CHECK(error == "DIR/00000000000000000001.journal, byte " + std::to_string(begin) +
                       ": the batch at offset 2 is damaged and later ones are not, so this is no unfinished "
                       "write; restore the file from a copy, or move it and all later ones away to go on "
                       "without their events");
    CHECK(bench.file_bytes(bench.segment_path(1)) == flipped);
  }
}

TEST_CASE("the last batch is known to have been whole when the broker was stopped in good order") {
  JournalBench bench;
  bench.write("a");
  const auto begin = bench.end_position();
  bench.write("b");
  bench.close();
  bench.flip_byte(1, begin + 70);
  CHECK(
      bench.reopen_error() ==
      "DIR/00000000000000000001.journal, byte " + std::to_string(begin) +
          ": the batch at offset 2 is damaged, and was whole when the broker last stopped; restore the file "
          "from a copy, or move it and all later ones away to go on without their events");
}

TEST_CASE("whole batches behind a broken one are cut with it where they were not synced") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 64 << 10}};
  bench.write("a");
  const auto begin = bench.end_position();
  bench.write("b");
  bench.write("c");
  bench.write("d");
  const auto end = bench.end_position();
  bench.crash();
  bench.flip_byte(1, begin + 70);
  const auto content = bench.file_bytes(bench.segment_path(1)).find_last_not_of('\0') + 1;
  CHECK(content > end - 8);
  CHECK(bench.notes() ==
        "cut " + std::to_string(content - begin) +
            " bytes of an unfinished batch at offset 2 (DIR/00000000000000000001.journal, byte " +
            std::to_string(begin) + "), with it 2 whole ones behind it that had not been synced\n");
  CHECK(bench.read_all() == "1:a");

  SUBCASE("and never come back") {
    bench.write("B");
    bench.crash();
    CHECK(bench.notes() == "");
    CHECK(bench.read_all() == "1:a | 2:B");
  }
}

TEST_CASE("what a restart has found is synced, and damage of it is refused from then on") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 64 << 10}};
  bench.write("a");
  bench.crash();
  bench.write("b");
  bench.crash();
  bench.flip_byte(1, 64 + 70);
  CHECK(bench.reopen_error().starts_with(
      "DIR/00000000000000000001.journal, byte 64: the batch at offset 1 is damaged and later ones are not"));
}

TEST_CASE("a payload that looks like a record is none") {
  // A copy of a whole record, written behind a torn one, as a payload could hold it.
  JournalBench bench;
  bench.write("a");
  const auto second = bench.end_position();
  bench.write("b");
  const auto third = bench.end_position();
  bench.crash();
  auto bytes = bench.file_bytes(bench.segment_path(1));
  const auto record = bytes.substr(second, third - second);
  bytes.replace(third + 256, record.size(), record);
  bytes[second + 70] ^= 1;
  std::ofstream{bench.segment_path(1), std::ios::binary} << bytes;
  CHECK(bench.reopen_error() == "");
  CHECK(bench.read_all() == "1:a");
}

namespace {

// Segments 1 (a b), 3 (c d), 5 (e).
void write_three_segments(JournalBench& bench) {
  for (const auto* word : {"a", "b", "c", "d", "e"}) bench.write(word);
  REQUIRE(bench.segments() == "1.journal 3.journal 5.journal");
}

const config::Journal small_segments{.segment_bytes = 300};

}  // namespace

TEST_CASE("a missing segment is refused with the offsets around it") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  fs::remove(bench.segment_path(3));
  CHECK(bench.reopen_error() ==
        "DIR/00000000000000000001.journal: ends before offset 3, but the next segment, "
        "00000000000000000005.journal, begins with 5; restore what is missing between them from a copy");
}

TEST_CASE("the oldest segments may be gone") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  fs::remove(bench.segment_path(1));
  CHECK(bench.journal().begin_offset() == 3);
  CHECK(bench.read_all() == "3:c | 4:d | 5:e");
}

TEST_CASE("damage at the end of a closed segment is refused at the start") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  bench.flip_byte(1, 64 + 70);
  CHECK(bench.reopen_error() ==
        "DIR/00000000000000000001.journal, byte 64: the batch at offset 1 is damaged and a later segment "
        "exists, "
        "so this is no unfinished write; restore the file from a copy, or move it and all later ones away to "
        "go "
        "on without their events");
}

TEST_CASE("damage before the last index entry is found by the one who reads there") {
  JournalBench bench{{.sync = config::Sync::os, .segment_bytes = 1 << 20}};
  const std::string word(1000, 'x');
  for (int i = 0; i < 200; ++i) bench.write_later(word);
  CHECK(bench.committed());
  bench.close();
  bench.flip_byte(1, 64 + 500);
  CHECK(bench.reopen_error() == "");
  CHECK(bench.read_once(1, 1) ==
        "error: DIR/00000000000000000001.journal, byte 64: the batch at offset 1 is damaged; restore the "
        "file from "
        "a copy");
  CHECK(bench.read_once(150, 1) == "150:" + word);
}

TEST_CASE("an index that is absent, broken or another segment's is built again") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  const auto index = bench.directory() / "00000000000000000001.index";
  const auto saved = bench.file_bytes(index);
  REQUIRE(saved.size() == 56 + 24);

  SUBCASE("absent") {
    fs::remove(index);
  }
  SUBCASE("cut short") {
    fs::resize_file(index, 30);
  }
  SUBCASE("empty") {
    fs::resize_file(index, 0);
  }
  SUBCASE("a byte wrong") {
    std::fstream file{index, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(60);
    file.put('\x7f');
  }
  SUBCASE("another segment's") {
    fs::copy_file(bench.directory() / "00000000000000000003.index", index,
                  fs::copy_options::overwrite_existing);
  }
  CHECK(bench.reopen_error() == "");
  CHECK(bench.read_all() == "1:a | 2:b | 3:c | 4:d | 5:e");
  CHECK(bench.file_bytes(index) == saved);
}

TEST_CASE("without its index a closed segment is checked as a whole") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  fs::remove(bench.directory() / "00000000000000000001.index");
  bench.flip_byte(1, 64 + 70);
  CHECK(
      bench.reopen_error().starts_with("DIR/00000000000000000001.journal, byte 64: the batch at offset 1 is "
                                       "damaged and a later segment exists"));
}

TEST_CASE("a segment that was being made when the broker crashed is made anew") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  std::ofstream{bench.directory() / "next.segment"} << "half a head";
  CHECK(bench.reopen_error() == "");
  CHECK_FALSE(fs::exists(bench.directory() / "next.segment"));
  bench.write("f");
  bench.write("g");
  CHECK(bench.read_from(5) == "5:e | 6:f | 7:g");
}

TEST_CASE("a crash right after a new segment was made loses neither offset nor log time") {
  JournalBench bench{small_segments};
  bench.write("a");
  bench.write("b");
  const auto time = bench.journal().last_log_time();
  bench.write("c");
  bench.crash();
  bench.tear(3, 64);
  CHECK(bench.journal().end_offset() == 3);
  CHECK(bench.journal().last_log_time() == time);
  bench.close();
  fs::remove(bench.segment_path(1));
  CHECK(bench.journal().end_offset() == 3);
  CHECK(bench.journal().last_log_time() == time);
}

TEST_CASE("files that are no segments are left alone") {
  JournalBench bench;
  bench.write("a");
  bench.close();
  std::ofstream{bench.directory() / "notes.txt"} << "mine";
  std::ofstream{bench.directory() / "1.journal"} << "not twenty digits";
  CHECK(bench.reopen_error() == "");
  CHECK(bench.read_all() == "1:a");
  CHECK(bench.file_bytes(bench.directory() / "notes.txt") == "mine");
}

TEST_CASE("a file that cannot be a segment is refused with a reason and what to do") {
  JournalBench bench{small_segments};
  write_three_segments(bench);
  bench.close();
  const auto path = bench.segment_path(1);
  const auto overwrite = [&path](std::uint64_t at, std::string_view bytes) {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  };
  std::string expected;
  SUBCASE("a directory") {
    fs::remove(path);
    fs::create_directory(path);
    expected =
        "cannot open DIR/00000000000000000001.journal: Is a directory; a file belongs there: move the "
        "directory away";
  }
  SUBCASE("cut short") {
    fs::resize_file(path, 63);
    expected =
        "DIR/00000000000000000001.journal: too short to be a segment of a journal; restore it from a copy";
  }
  SUBCASE("another kind of file") {
    overwrite(0, "#!/bin/sh");
    expected =
        "DIR/00000000000000000001.journal: no segment of a journal; restore it from a copy, or move it away "
        "if it "
        "does not belong here";
  }
  SUBCASE("a later version") {
    overwrite(8, "\x02");
    expected =
        "DIR/00000000000000000001.journal: written in version 2 of the format, this broker reads 1; start "
        "the Reel "
        "that wrote it";
  }
  SUBCASE("a damaged header") {
    overwrite(33, "??");
    expected = "DIR/00000000000000000001.journal: its header is damaged; restore it from a copy";
  }
  SUBCASE("another one's name") {
    fs::rename(bench.segment_path(3), path);
    expected =
        "DIR/00000000000000000001.journal: begins with offset 3, not with the one in its name; give it its "
        "name "
        "00000000000000000003.journal back";
  }
  CHECK(bench.reopen_error() == expected);
}
