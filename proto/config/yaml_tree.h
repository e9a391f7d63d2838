// A YAML text as a tree of values that know their place.
//
//   Problems problems{"reel.yaml", text};
//   const Node root = parse_yaml(text, problems);       // problems say what is no YAML, or none we take
//
// Only what a settings file needs is taken: one document of maps, lists and single values. Anchors, aliases
// and tags are refused (a file that multiplies itself is no settings file), and so are a text that is no
// UTF-8, one with control characters and one nested deeper than a person would. Foreign bytes never crash.
// Duplicate keys are kept, for the reader to name; yaml-cpp's own tree would hide them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/problems.h"

namespace reel::config {

/// Largest file read, in bytes. Hundreds of topics with flows take some 100 KiB; beyond this it is not a
/// settings file, and parsing it would take long.
inline constexpr std::size_t file_bytes_max = 1u << 20;
/// Maps and lists inside one another. The deepest setting of ours stands at 6.
inline constexpr std::size_t nesting_max = 16;
/// Values in one file, so that a megabyte of commas does not take a hundred of memory.
inline constexpr std::size_t nodes_max = 100'000;

enum class NodeKind : std::uint8_t {
  null,   ///< nothing was written, or ~
  value,  ///< a single value
  list,
  map,
  alias,  ///< refused already: whoever meets it says nothing more
};

struct Node {
  struct Entry;

  NodeKind kind = NodeKind::null;
  bool quoted = false;  ///< a value that was written in quotes or as a block
  Place place;          ///< where it begins; of a null that is not written, where its key or list does
  std::string value;
  std::vector<Node> items;
  std::vector<Entry> entries;  ///< as written, duplicates included
};

struct Node::Entry {
  std::string key;
  Place place;
  Node node;
};

/// The file's one document; null for an empty file. What comes back with problems is not worth reading
/// further when `problems` has any that the text is no YAML: then it is an alias.
[[nodiscard]] Node parse_yaml(std::string_view text, Problems& problems);

/// A value or name as it is repeated in a message: cut when long, control characters escaped.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace reel::config
