// Where programs listen: ZeroMQ endpoints and HTTP addresses, checked before a socket is opened.
//
//   check_endpoint("tcp://127.0.0.1:5555")   -> nullopt
//   check_endpoint("tcp://127.0.0.1")        -> "must end in a port, as in tcp://127.0.0.1:5555"
//
// Syntax only: whether a host exists or a port is free is seen when it is bound. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reel::config {

/// Nothing where `endpoint` is tcp://HOST:PORT or ipc://PATH; otherwise what it must be. The port `*` lets
/// the system choose one.
[[nodiscard]] std::optional<std::string> check_endpoint(std::string_view endpoint);

/// The same for HOST:PORT.
[[nodiscard]] std::optional<std::string> check_address(std::string_view address);

}  // namespace reel::config
