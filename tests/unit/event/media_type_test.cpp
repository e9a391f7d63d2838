#include "event/media_type.h"

#include <doctest/doctest.h>

using namespace reel;

TEST_CASE("a media type is read whatever its letters, spaces and quotes") {
  const auto type = parse_media_type(" Application/JSON ; Charset=\"utf-8\";q=0.5 ; ");
  REQUIRE(type);
  CHECK(type->name == "application/json");
  CHECK(type->parameters.at("charset") == "utf-8");
  CHECK(type->parameters.at("q") == "0.5");
  CHECK(type->is_utf8());
  CHECK(parse_media_type("a/b;x=\"; charset=latin1\"")->is_utf8());
  CHECK_FALSE(parse_media_type("a/b;charset=latin1")->is_utf8());
  CHECK(parse_media_type("application/cloudevents+json")->name == "application/cloudevents+json");
}

TEST_CASE("what is no media type is none") {
  for (const char* text : {"", "json", "a/", "/b", "a b/c", "a/b;charset", "a/b;=x", "a/b;x=\"open",
                           "a/b;x=y z", "a/b;x=1;X=2", "a/b;x=\"a\"b", "a/b\x01"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_media_type(text));
  }
}
