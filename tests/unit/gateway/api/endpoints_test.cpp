#include "gateway/api/endpoints.h"

#include <doctest/doctest.h>

using namespace reel::gateway;

namespace {

std::string found(std::string_view method, std::string_view path) {
  const FoundEndpoint found = find_endpoint(method, path);
  if (found.endpoint == nullptr) return found.allowed.empty() ? "none" : "only " + found.allowed;
  return std::string{found.endpoint->name} + (found.in_path.empty() ? "" : " " + found.in_path);
}

}  // namespace

TEST_CASE("an endpoint is found by its path and method") {
  CHECK(found("GET", "/v1/flows") == "listFlows");
  CHECK(found("GET", "/v1/flows/order-7") == "getFlow order-7");
  CHECK(found("GET", "/v1/flows/order-7/why") == "getWhy order-7");
  CHECK(found("GET", "/v1/events/42") == "getEvent 42");
  CHECK(found("GET", "/v1/events/stream") == "streamEvents");
  CHECK(found("POST", "/v1/events") == "publish");
  CHECK(found("PUT", "/v1/events") == "only POST");
}

TEST_CASE("correlation ids may hold slashes") {
  CHECK(found("GET", "/v1/flows/shop/order-7") == "getFlow shop/order-7");
  CHECK(found("GET", "/v1/flows/shop/order-7/picture") == "getPicture shop/order-7");
  CHECK(found("GET", "/v1/flows/why/why") == "getWhy why");
}

TEST_CASE("an id is decoded once it is known where it ends") {
  CHECK(found("GET", "/v1/flows/order%2D7") == "getFlow order-7");
  CHECK(found("GET", "/v1/flows/a%2Fwhy") == "getFlow a/why");
  CHECK(found("GET", "/v1/flows/a%2Fwhy/why") == "getWhy a/why");
  CHECK(found("GET", "/v1/flows/%E2%82%AC%2520") == "getFlow \u20ac%20");
  CHECK(found("GET", "/v1/%66lows") == "none");  // what is no parameter is written in one way
}

TEST_CASE("what is only like a path is none") {
  for (const char* path :
       {"", "/", "/v1", "/v1/", "/v1/flows/", "/v1/status/", "/v1//flows", "v1/flows", "/V1/flows"}) {
    CAPTURE(path);
    CHECK(found("GET", path) == "none");
  }
  CHECK(found("GET", "/v1/flows//why") == "getFlow /why");
}

TEST_CASE("each endpoint says who answers it, and how") {
  for (const Endpoint& endpoint : endpoints()) {
    CAPTURE(endpoint.path);
    const bool asks = endpoint.asked == Endpoint::Asked::broker || endpoint.asked == Endpoint::Asked::tracker;
    CHECK(asks == (endpoint.ask != nullptr));
    CHECK((endpoint.asked == Endpoint::Asked::gateway) == (endpoint.answer != nullptr));
    CHECK((endpoint.asked == Endpoint::Asked::edge) == !endpoint.described.empty());
    CHECK(endpoint.summary.ends_with("."));
  }
}
