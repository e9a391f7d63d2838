#include "rehearsal/json_object.h"

#include <doctest/doctest.h>

#include <string>

using namespace reel::rehearsal;

namespace {

/// "key=value …", or what is wrong.
std::string members(const std::string& text) {
  JsonObject object{text};
  std::string found;
  while (const auto member = object.next()) {
    found += (found.empty() ? "" : " ") + std::string{member->key} + "=" + std::string{member->value};
  }
  return object.error().empty() ? found : object.error();
}

std::string decoded(const std::string& written) {
  std::string storage;
  return std::string{unescaped(written, storage)};
}

}  // namespace

TEST_CASE("members are handed over as they were written, and not looked into") {
  CHECK(members(R"( {"a":"x","b" : [1, {"a":-0.5e+3}] ,"c":null} )") ==
        R"(a="x" b=[1, {"a":-0.5e+3}] c=null)");
  CHECK(members("{}") == "");
}

TEST_CASE("what is no JSON object is said with its column") {
  CHECK(members("") == "bad JSON at column 1: expected '{'");
  CHECK(members("[]") == "bad JSON at column 1: expected '{'");
  CHECK(members(R"({"a":1)") == "bad JSON at column 7: expected ','");
  CHECK(members(R"({"a" 1})") == "bad JSON at column 6: expected ':'");
  CHECK(members(R"({"a":01})") == "bad JSON at column 7: expected ','");
  CHECK(members(R"({"a":1,})") == "bad JSON at column 8: expected a key in quotes");
  CHECK(members(R"({"a":1} x)") == "bad JSON at column 9: expected the end");
  CHECK(members(R"({"a":"x)") == "bad JSON at column 8: a string that does not end");
  CHECK(members(R"({"a":"\q"})") == "bad JSON at column 9: an unknown escape");
  CHECK(members(R"({"a":"\ud800"})") == "bad JSON at column 13: half a character");
  CHECK(members("{\"a\":\"\xff\"}") == "is not UTF-8");
}

TEST_CASE("nesting is bounded") {
  const std::string fits = R"({"a":)" + std::string(99, '[') + std::string(99, ']') + "}";
  const std::string too_deep = R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}";
  CHECK(members(fits) == fits.substr(1, fits.size() - 2).replace(0, 4, "a="));
  CHECK(members(too_deep) == "bad JSON at column 105: nested deeper than 100 levels");
}

TEST_CASE("escapes are the characters they stand for") {
  CHECK(decoded("plain") == "plain");
  CHECK(decoded(R"(\"\\\/\n\u0041\u00e4\u20ac\ud83d\ude00)") ==
        "\"\\/\nA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}
