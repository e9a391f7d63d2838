// URLs that alerts are posted to.
#include <doctest/doctest.h>

#include "config/http_url.h"

using namespace reel::config;

TEST_CASE("http and https URLs are taken, with and without port, path and query") {
  for (const auto* url :
       {"http://127.0.0.1:9000/reel", "https://hooks.example", "http://localhost?x=1", "http://[::1]:9093/",
        "http://[::1]", "https://hooks.example/services/T0/B0/x%20y?a=b&c=%41"}) {
    CAPTURE(url);
    CHECK(!check_http_url(url));
  }
}

TEST_CASE("what is no such URL is refused with what it must be") {
  const std::string form = "must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]";
  CHECK(check_http_url("") == form);
  CHECK(check_http_url("127.0.0.1:9000") == form);
  CHECK(check_http_url("ftp://a/b") == form);
  CHECK(check_http_url("HTTP://a") == form);
  CHECK(check_http_url("http://") == "must name a host, as in http://127.0.0.1:9093");
  CHECK(check_http_url("http:///path") == "must name a host, as in http://127.0.0.1:9093");
  CHECK(check_http_url("http://:80/") == "must name a host, as in http://127.0.0.1:9093");
  CHECK(check_http_url("http://a:0/") == "must have a port between 1 and 65535, or *");
  CHECK(check_http_url("http://a:*/") == "must name one host and port, not *");
  CHECK(check_http_url("http://*/") == "must name one host and port, not *");
  CHECK(check_http_url("http://me:secret@a/") == "must not hold a name or a password");
  CHECK(check_http_url("http://a/#b") == "must not have a '#': what follows it is never sent");
  CHECK(check_http_url("http://a/b c") ==
        "must be written with % and two digits where a character is not plain ASCII");
  CHECK(check_http_url("http://a/b\r\nHost: c") ==
        "must be written with % and two digits where a character is not plain ASCII");
  CHECK(check_http_url("http://a/" + std::string(2'000, 'x')) == "must have at most 2000 bytes");
}

TEST_CASE("a URL is split into the server and what is asked of it") {
  const auto split = [](const char* url) {
    const auto [server, path] = split_http_url(url);
    return server + " " + path;
  };
  CHECK(split("http://a:9093/am/x?y=/z") == "http://a:9093 /am/x?y=/z");
  CHECK(split("https://a") == "https://a /");
  CHECK(split("http://a?x=1") == "http://a /?x=1");
}

TEST_CASE("a sentence names the server, and nothing that may be a secret") {
  CHECK(shown_http_url("https://hooks.example:8443/services/T0/s3cret?token=x") ==
        "https://hooks.example:8443/…");
  CHECK(shown_http_url("http://10.0.0.7:9093") == "http://10.0.0.7:9093");
  CHECK(shown_http_url("http://10.0.0.7:9093/") == "http://10.0.0.7:9093");
}
