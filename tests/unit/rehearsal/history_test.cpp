#include "rehearsal/history.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

#include "rehearsal/history_lines.h"
#include "rehearsal_bench.h"

using namespace reel::rehearsal;

namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(text.size() + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

/// "1:text 2:text", with what is wrong in brackets.
std::string lines_of(const std::string& bytes, std::size_t portion) {
  HistoryLines lines{bytes_in(bytes, portion)};
  std::string found;
  while (const auto line = lines.next()) {
    found += (found.empty() ? "" : " ") + std::to_string(line->number) + ":" + std::string{line->text};
    if (!line->error.empty()) found += "[" + line->error + "]";
  }
  return found;
}

std::string remarks_of(const Record& record) {
  std::string text;
  for (const auto kind : {Oddity::broken, Oddity::time_goes_back, Oddity::no_correlation}) {
    for (const Remark& remark : record.remarks(kind)) {
      text += (text.empty() ? "" : "\n") + std::to_string(remark.line) + ": " + remark.text;
    }
  }
  return text;
}

std::string remark_of(const std::string& line) {
  Record record{{}};
  read_history(bytes_in(line), record, [](const HistoryEvent&) {});
  return remarks_of(record);
}

}  // namespace

TEST_CASE("lines are the same however the bytes come, plain or compressed") {
  const std::string text = "one\ntwo\r\n\nthree";
  for (const std::size_t portion : {1, 2, 5, 1000}) {
    CAPTURE(portion);
    CHECK(lines_of(text, portion) == "1:one 2:two\r 3: 4:three");
    CHECK(lines_of(gzipped(text), portion) == "1:one 2:two\r 3: 4:three");
    CHECK(lines_of(gzipped("one\ntw") + gzipped("o\n"), portion) == "1:one 2:two");
    CHECK(lines_of("\xef\xbb\xbfone\n", portion) == "1:one");
    CHECK(lines_of("", portion) == "");
  }
}

TEST_CASE("compressed data that is damaged ends the history with a line that says so") {
  const std::string packed = gzipped("one\ntwo\nthree\n");
  CHECK(lines_of(packed.substr(0, packed.size() - 5), 1000) ==
        "1:one 2:two 3:three 4:[the gzip data ends in the middle]");
  CHECK(lines_of(packed + "four\n", 1000) ==
        "1:one 2:two 3:three 4:[what follows the gzip data is something else]");
  CHECK(lines_of("\x1f\x8bnonsense, and more of it", 1000) == "1:[the gzip data is damaged]");
}

TEST_CASE("a line without end is not held in memory, and the next one is read") {
  const std::string text = std::string(history_line_bytes_max + 1, 'x') + "\nnext\n";
  CHECK(lines_of(text, 1'000'000) == "1:[is longer than 8 MiB] 2:next");
}

TEST_CASE("what is no event is said in a sentence") {
  CHECK(remark_of("nonsense") == "1: bad JSON at column 1: expected '{'");
  CHECK(remark_of("{}") == "1: has no 'type'");
  CHECK(remark_of(R"({"type":"a"})") == "1: has no 'time'");
  CHECK(remark_of(R"({"type":"a","time":"yesterday"})") ==
        "1: 'time' is 'yesterday', which is no RFC 3339 time");
  CHECK(remark_of(R"({"type":7})") == "1: 'type' is not a text");
  CHECK(remark_of(R"({"type":"a","type":"b"})") == "1: the key 'type' stands twice");
  CHECK(remark_of(R"({"type":"a","id":")" + std::string(257, 'x') + "\"}") ==
        "1: 'id' is 257 bytes long, at most 256 are allowed");
}

TEST_CASE("log time is what the broker recorded, where a line says so") {
  EventLine reader;
  HistoryEvent event;
  CHECK_FALSE(reader.read(
      R"({"type":"a","time":"1970-01-01T00:00:09Z","recordedtime":"1970-01-01T00:00:01Z"})", event));
  CHECK(event.log_time == 1'000'000'000);
}

TEST_CASE("payloads are kept as they were written") {
  EventLine reader;
  HistoryEvent event;
  CHECK_FALSE(reader.read(R"({"type":"a","time":"1970-01-01T00:00:01Z","data":{"a": [1]}})", event));
  CHECK(event.data == R"({"a": [1]})");
}

TEST_CASE("every oddity is counted and has its line") {
  Record record{{"a"}};
  std::string times;
  read_history(bytes_in(event_line("05", "a", "f") + "broken\n\n" + event_line("03", "b", "f") +
                        event_line("06", "reel.x", "")),
               record, [&](const HistoryEvent& event) {
                 times += std::to_string(event.log_time % 60'000'000'000 / 1'000'000'000) + " ";
               });
  CHECK(remarks_of(record) ==
        "2: bad JSON at column 1: expected '{'\n"
        "4: 2026-03-01T10:00:03Z is before 2026-03-01T10:00:05Z, judged at that\n"
        "5: has no 'correlationid'");
  CHECK(times == "5 5 6 ");
  CHECK(record.lines() == 5);
  CHECK(record.events() == 3);
  REQUIRE(record.unknown_topics().size() == 1);
  CHECK(record.unknown_topics().at("b").first_line == 4);
}

TEST_CASE("a history in which every line is wrong is counted, not kept") {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "x\n";
  Record record{{}};
  read_history(bytes_in(text, 100), record, [](const HistoryEvent&) {});
  CHECK(record.count(Oddity::broken) == 1'000);
  CHECK(record.remarks(Oddity::broken).size() == remarks_max);
}
