#include "handlers.h"

#include <doctest/doctest.h>

#include "handling.h"

using namespace reel;
using namespace reel::sdk;

namespace {

// What registering a batch handler for the pattern is answered: "" where it is taken.
std::string refusal(HandlerRegistry& registry, const std::string& pattern, const BatchOptions& options = {}) {
  try {
    registry.add_batch({.pattern = pattern, .options = options});
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

}  // namespace

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

TEST_CASE("an event has one batch handler or plain ones: patterns that may match the same are refused") {
  const auto meets = [](const std::string& one, const std::string& other) {
    HandlerRegistry registry;
    registry.add(one, [](Context&) {});
    const auto refused = refusal(registry, other);
    if (refused.empty()) {
      CHECK_NOTHROW(registry.add("x.y.z.other", [](Context&) {}));
      CHECK(registry.match(other).batch() != nullptr);
      return false;
    }
    CHECK(refused ==
          "cannot handle '" + other + "': '" + one +
              "' may match the same events, and one that is handled in batches has no other handler");
    return true;
  };
  CHECK(meets("order.*", "order.placed"));
  CHECK(meets("*.placed", "order.*"));
  CHECK(meets(">", "order.placed"));
  CHECK(meets("order.>", "order.placed.late"));
  CHECK(meets("*.*.late", "order.>"));
  CHECK_FALSE(meets("order.>", "order"));
  CHECK_FALSE(meets("order.*", "order.placed.late"));
  CHECK_FALSE(meets("order.*", "payment.placed"));
  CHECK_FALSE(meets(">", "reel.flow.overdue"));  // wildcards do not begin with the system's own

  HandlerRegistry registry;
  CHECK(refusal(registry, "order.*") == "");
  CHECK(refusal(registry, "payment.*") == "");
  CHECK(registry.match("payment.captured").batch()->number == 1);
  CHECK(refusal(registry, "order.*") == "cannot handle 'order.*' twice: it has a handler already");
  CHECK_THROWS_WITH(
      registry.add("order.placed", [](Context&) {}),
      "cannot handle 'order.placed': 'order.*' may match the same events, and one that is handled "
      "in batches has no other handler");
}

TEST_CASE("a batch's limits have bounds") {
  HandlerRegistry registry;
  CHECK(refusal(registry, "t", {.max_size = 0}) ==
        "cannot handle 't' in batches: max_size is 0, must be between 1 and 10000");
  CHECK(refusal(registry, "t", {.max_size = 10'001}) ==
        "cannot handle 't' in batches: max_size is 10001, must be between 1 and 10000");
  CHECK(refusal(registry, "t", {.max_wait = std::chrono::milliseconds{-1}}) ==
        "cannot handle 't' in batches: max_wait is -1 ms, must not be negative");
  CHECK(refusal(registry, "t", {.max_bytes = 0}) ==
        "cannot handle 't' in batches: max_bytes is 0, must be at least 1");
}
