// Where alerts, events and traces are posted: http and https URLs, checked before anything is sent, and taken
// apart.
//
//   check_http_url("http://10.0.0.7:9093/am")   -> nullopt
//   check_http_url("10.0.0.7:9093")             -> "must be http://HOST[:PORT][/PATH] or https://…"
//   split_http_url("http://10.0.0.7:9093/am")   -> {"http://10.0.0.7:9093", "/am"}
//
// Syntax only: whether anybody is there is seen when it is used. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reel::config {

/// Longest URL: what servers and proxies are sure to take.
inline constexpr std::size_t url_bytes_max = 2'000;

struct HttpUrl {
  std::string server;  ///< "https://hooks.example:8443"
  std::string path;    ///< with its query; "/" where none is written
};

/// Nothing where `url` is one; otherwise what it must be. Names and passwords in it are refused: they would
/// stand in every error about it.
[[nodiscard]] std::optional<std::string> check_http_url(std::string_view url);

/// Of a URL that was checked.
[[nodiscard]] HttpUrl split_http_url(std::string_view url);

/// The same for a sentence that strangers read, "https://hooks.example/…": a path or a query is often the
/// secret itself.
[[nodiscard]] std::string shown_http_url(std::string_view url);

}  // namespace reel::config
