// Every endpoint of the HTTP interface.
//
//   for (const Endpoint& endpoint : endpoints()) …
//   const auto [endpoint, in_path, allowed] = find_endpoint("GET", "/v1/flows/order-7/why");
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/endpoint.h"

namespace reel::gateway {

[[nodiscard]] const std::vector<Endpoint>& endpoints();

struct FoundEndpoint {
  /// nullptr: none has this path and method.
  const Endpoint* endpoint = nullptr;
  std::string in_path;  ///< the value of its parameter in the path
  /// The methods that the path has: "GET, POST". Empty: there is no such path.
  std::string allowed;
};

/// `path` is as it was sent. Of several templates that fit, the one with most literal text is meant. The
/// value of a parameter may hold slashes, as correlation ids do; one that ends like another template
/// ("a/why") is meant where its slash is written as %2F.
[[nodiscard]] FoundEndpoint find_endpoint(std::string_view method, std::string_view path);

}  // namespace reel::gateway
