// Topic names and subscription patterns.
//
//   check_topic("order.placed")                -> nullopt, it is a topic
//   check_topic("order..placed")               -> "empty token at position 7"
//   matches("order.*", "order.placed")         -> true
//
// A topic is dotted lower-case tokens of [a-z0-9_-]: `order.placed`. A pattern is a topic in which a whole
// token may be `*` (exactly one token) and the last one `>` (one or more tokens); inside a token both are
// literal, so `foo*` matches nothing but itself. Topics under `reel.` are the system's own; a pattern whose
// first token is a wildcard does not match them.
//
// Pure functions and a plain container: safe from any thread that owns the objects it passes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reel {

/// Longest topic or pattern. Long enough for any sane hierarchy, short enough to keep in an error message.
inline constexpr std::size_t topic_bytes_max = 256;

/// Nothing where `topic` can be published to; otherwise what is wrong and at which position (from 1).
[[nodiscard]] std::optional<std::string> check_topic(std::string_view topic);

/// Nothing where `pattern` can be subscribed to; otherwise what is wrong and at which position (from 1).
[[nodiscard]] std::optional<std::string> check_pattern(std::string_view pattern);

/// True for `reel` and everything below it.
[[nodiscard]] bool is_system_topic(std::string_view topic);

/// Whether `topic` is among what `pattern` asks for. Both must have passed their check.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view topic);

/// Many patterns at once: which values stand at patterns that match a topic. The cost of match() grows with
/// the topic's tokens, not with the number of patterns.
class TopicTrie {
 public:
  using Value = std::size_t;

  TopicTrie();
  ~TopicTrie();
  TopicTrie(TopicTrie&&) noexcept;
  TopicTrie& operator=(TopicTrie&&) noexcept;

  /// `pattern` must have passed check_pattern. The same pair twice is kept once.
  void insert(std::string_view pattern, Value value);
  void erase(std::string_view pattern, Value value);

  /// The values of all matching patterns: ascending, each once.
  [[nodiscard]] std::vector<Value> match(std::string_view topic) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace reel
