// What broker and tracker do alike where they open their endpoints: see that nobody is there already, and
// say in the same words why one cannot be had.
//
//   if (is_listened_on("ipc:///run/reel/tracker")) throw …
//   cannot_listen_text("tcp://127.0.0.1:5557", EADDRINUSE, "tracker")
//     -> "cannot listen on tcp://127.0.0.1:5557: address in use (is another tracker running?)"
//
// ZeroMQ deletes the file of an ipc endpoint and makes its own, so that whoever listens there would never
// hear of anybody again: such an endpoint is to be probed before it is bound.
#pragma once

#include <string>
#include <string_view>

namespace reel::config {

/// True where a program listens at this ipc:// endpoint. A file that nobody listens on is what a killed one
/// left, and may go. False for other transports, whose bind refuses by itself.
[[nodiscard]] bool is_listened_on(std::string_view endpoint);

/// One sentence for the errno of a bind. `program` is who would be there already.
[[nodiscard]] std::string cannot_listen_text(std::string_view endpoint, int error, std::string_view program);

}  // namespace reel::config
