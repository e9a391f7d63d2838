// HTTP headers of one's own for what is reached outward, with secrets from the environment:
//
//   headers: {Authorization: "Bearer ${CRM_TOKEN}"}
//
//   const HttpHeaders sent = expanded(adapter.headers);      // throws where CRM_TOKEN is not set
//
// The model keeps what is written: a secret is in no file, no digest and no message. `reel check` needs none
// of the variables; who sends looks them up once, at its start. ${NAME} is a name of letters, digits and _;
// a $ before anything else than { stands for itself.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reel::config {

/// By name, values as they are written.
using Headers = std::map<std::string, std::string>;
/// As they are sent.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// More than an API asks for.
inline constexpr std::size_t headers_max = 32;
/// Of a name, and of a value before and after its variables are replaced: what servers take.
inline constexpr std::size_t header_name_bytes_max = 128;
inline constexpr std::size_t header_value_bytes_max = 8'192;

/// What is wrong with a name or a value as it is written; nothing where it can be sent.
[[nodiscard]] std::optional<std::string> check_header_name(std::string_view name);
[[nodiscard]] std::optional<std::string> check_header_value(std::string_view value);

/// The value of an environment variable; nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

/// Throws std::runtime_error that names the header and the variable, never a value: one is not set, or holds
/// what no header may.
[[nodiscard]] HttpHeaders expanded(const Headers& headers,
                                   const Environment& environment = environment_variable);

}  // namespace reel::config
