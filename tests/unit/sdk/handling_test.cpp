#include "handling.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::sdk;

TEST_CASE("an error's text is cut to size and made UTF-8") {
  CHECK(clean_text("bank not reachable", 100) == "bank not reachable");
  CHECK(clean_text("caf\xc3\xa9", 100) == "caf\xc3\xa9");
  CHECK(clean_text("caf\xc3\xa9", 4) == "caf");
  CHECK(clean_text("caf\xe9", 100) == "caf?");
  CHECK(clean_text("\xed\xa0\x80", 100) == "???");       // a surrogate
  CHECK(clean_text("\xf4\x90\x80\x80", 100) == "????");  // beyond the last code point
  CHECK(clean_text("\xc0\x80", 100) == "??");            // overlong
  CHECK(clean_text("\xf0\x9f\x8e\x9e", 100) == "\xf0\x9f\x8e\x9e");
  CHECK(clean_text("\xf0\x9f", 100) == "??");
}
