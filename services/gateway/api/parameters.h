// What an endpoint may be given in its path and behind the `?`, and what a request has given.
//
//   const auto [given, problem] = read_arguments(endpoint.parameters, path_value, request.query);
//   if (!problem.empty()) return gateway::problem(400, problem);   // "limit: 'x' is not a whole number"
//   given.number("limit")                                          // the parameter's default where not given
//
// Every name that is not known is refused, so that a slip is not taken for an answer. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reel::gateway {

struct Parameter {
  enum class Kind : std::uint8_t {
    text,
    number,    ///< a whole number from `least` to `most`
    word,      ///< one of `words`
    flag,      ///< true or false
    duration,  ///< 500ms, 10s, 5m; of `least` to `most` milliseconds
    time,      ///< RFC 3339
  };
  std::string_view name;
  Kind kind = Kind::text;
  std::string_view help;  ///< a sentence
  std::vector<std::string_view> words = {};
  bool in_path = false;
  bool required = false;
  bool repeats = false;
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::uint64_t otherwise = 0;       ///< of a number or a duration that is not given
  std::size_t text_bytes_max = 256;  ///< as long as ids and topics may be
};

class Arguments {
 public:
  /// Empty where it was not given.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return text(name) == "true"; }
  /// A number, a duration in milliseconds, a time in ns since 1970.
  [[nodiscard]] std::uint64_t number(std::string_view name) const;

 private:
  friend class ArgumentReader;
  std::multimap<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::uint64_t, std::less<>> numbers_;
};

/// Arguments, or what is wrong with one.
struct ReadArguments {
  Arguments arguments;
  std::string problem;
};

/// `in_path` is the value of the parameter in the path, where there is one.
[[nodiscard]] ReadArguments read_arguments(const std::vector<Parameter>& parameters,
                                           const std::string& in_path,
                                           const std::multimap<std::string, std::string>& query);

}  // namespace reel::gateway
