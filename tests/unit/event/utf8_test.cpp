#include "event/utf8.h"

#include <doctest/doctest.h>
#include <google/protobuf/stubs/logging.h>
#include <rapidcheck.h>

#include "reel/v1/event.pb.h"

using namespace reel;

TEST_CASE("utf-8 is what Unicode calls well-formed") {
  for (const std::string good :
       {"", "a", "plain ascii, longer than a word", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678ä"}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const std::string bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe0\xa0",
                                "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                "\xff", "1234567\xff", "12345678\xff", "\xe2\x82", "\xc3(", "\xf0\x9f\x98"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("utf-8 is what libprotobuf takes for it") {
  const google::protobuf::LogSilencer quiet;  // it would say so each time
  const auto accepted = [](const std::string& text) {
    v1::Run run;
    return run.ParseFromString(std::string{"\x0a"} + static_cast<char>(text.size()) + text);
  };
  CHECK(rc::check([&] {
    const auto bytes = *rc::gen::resize(
        12, rc::gen::container<std::string>(rc::gen::oneOf(
                rc::gen::arbitrary<char>(), rc::gen::element<char>('a', '\x80', '\x9f', '\xa0', '\xbf',
                                                                   '\xc2', '\xe0', '\xed', '\xf0', '\xf4'))));
    RC_ASSERT(is_utf8(bytes) == accepted(bytes));
  }));
  for (int first = 0xc0; first < 0x100; ++first) {  // all of them, in the places where the rules change
    for (int second = 0x70; second < 0x100; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second), '\x80', '\x80'};
      for (std::size_t size = 1; size <= 4; ++size) {
        if (is_utf8(bytes.substr(0, size)) != accepted(bytes.substr(0, size)))
          FAIL_CHECK(first << " " << second);
      }
    }
  }
}

TEST_CASE("a character's length is known from its first bytes, whatever follows them") {
  CHECK(character_bytes("a") == 1);
  CHECK(character_bytes("a\xff") == 1);
  CHECK(character_bytes("ä\xff") == 2);
  CHECK(character_bytes("€€") == 3);
  CHECK(character_bytes("\xf0\x9f\x98\x80x") == 4);
  for (const std::string_view none :
       {"\x80", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    CHECK(character_bytes(none) == 0);
  }
}

TEST_CASE("a text is cut between two characters") {
  CHECK(beginning_of("aä", 3) == "aä");
  CHECK(beginning_of("aä", 2) == "a");
  CHECK(beginning_of("a\xf0\x9f\x98\x80x", 4) == "a");
  CHECK(beginning_of("a\xf0\x9f\x98\x80x", 5) == "a\xf0\x9f\x98\x80");
  CHECK(beginning_of("ä", 1) == "");
  CHECK(beginning_of("", 0) == "");
}
