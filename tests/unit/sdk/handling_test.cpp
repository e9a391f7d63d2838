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

TEST_CASE("handlers are found by pattern, in the order of registration") {
  HandlerRegistry registry;
  std::string ran;
  registry.add("order.*", [&](Context&) { ran += "star "; });
  registry.add("order.placed", [&](Context&) { ran += "exact "; });
  registry.add(">", [&](Context&) { ran += "all "; });
  CHECK(registry.match("order.placed").handlers.size() == 3);
  CHECK(registry.match("order.paid").handlers.size() == 2);
  CHECK(registry.match("reel.delivery").handlers.empty());
  CHECK(registry.match("not a topic").handlers.empty());

  Context::Impl context{"payments", "payments/1"};
  context.begin({.topic = "order.placed"}, {}, 1, 1, 1, {});
  CHECK_FALSE(context.run(registry.match("order.placed")));
  CHECK(ran == "star exact all ");
}

TEST_CASE("a pattern that is none, or is there already, is refused with a sentence") {
  HandlerRegistry registry;
  registry.add("order.placed", [](Context&) {});
  CHECK_THROWS_WITH(registry.add("order.placed", [](Context&) {}),
                    "cannot handle 'order.placed' twice: it has a handler already");
  CHECK_THROWS_WITH(registry.add("order..placed", [](Context&) {}),
                    "cannot handle 'order..placed': empty token at position 7");
}
