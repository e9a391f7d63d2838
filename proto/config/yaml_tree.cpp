// yaml-cpp's parser drives a builder; its marks count bytes from 0, our places characters from 1.
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "config/characters.h"

namespace reel::config {
namespace {

// Thrown through the parser when reading on is of no use; the problem is already noted.
struct Stop {};

// Turns marks into places. They come nearly in order, so a cursor that walks each line once is enough; a long
// line would otherwise be counted anew for each of its values.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_{text} {
    line_begins_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_begins_.push_back(i + 1);
    }
  }

  Place place_of(const YAML::Mark& mark) {
    if (mark.is_null() || mark.line < 0 || mark.column < 0) return {};
    const auto line = std::min(static_cast<std::size_t>(mark.line), line_begins_.size() - 1);
    const auto target = line_begins_[line] + static_cast<std::size_t>(mark.column);
    if (line != line_ || target < position_) {
      line_ = line;
      position_ = line_begins_[line];
      column_ = 1;
    }
    while (position_ < target && position_ < text_.size()) {
      position_ += first_character(text_.substr(position_)).bytes;
      ++column_;
    }
    return {static_cast<int>(line) + 1, column_};
  }

  // The text from a mark on.
  [[nodiscard]] std::string_view behind(const YAML::Mark& mark) const {
    const auto position = static_cast<std::size_t>(std::max(mark.pos, 0));
    return position < text_.size() ? text_.substr(position) : std::string_view{};
  }

  // The place of a tab in the indentation of a line, or of the line above: yaml-cpp complains of something
  // else, somewhere behind it.
  [[nodiscard]] std::optional<Place> tab_before(const YAML::Mark& mark) const {
    const auto last = std::min(static_cast<std::size_t>(std::max(mark.line, 0)), line_begins_.size() - 1);
    for (auto line = last > 0 ? last - 1 : 0; line <= last; ++line) {
      const auto text = text_.substr(line_begins_[line]);
      const auto indent = text.substr(0, text.find_first_not_of(" \t"));
      const auto tab = indent.find('\t');
      if (tab != indent.npos) return Place{static_cast<int>(line) + 1, static_cast<int>(tab) + 1};
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> line_begins_;
  std::size_t line_ = 0;
  std::size_t position_ = 0;
  int column_ = 1;
};

// Whether a text that begins with a quote ends before that quote does. yaml-cpp takes the rest of the file
// for the value then, if it ends in a newline.
bool is_unclosed(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return false;
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return false;
      ++i;
    }
  }
  return true;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(PlaceFinder& places, Problems& problems) : places_{places}, problems_{problems} {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    stop(mark, places_.behind(mark).starts_with("---") ? "a second document begins here, a file holds one"
                                                       : "this does not fit into what stands above it");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_extras(mark, {}, anchor);
    Node node{.kind = NodeKind::null};
    // A null that is not written has the mark of whatever comes next, which may be lines away.
    const auto text = places_.behind(mark).substr(0, 1);
    if (text == "~" || text == "n" || text == "N") node.place = places_.place_of(mark);
    attach(mark, std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    const auto place = places_.place_of(mark);
    problems_.add(place, "aliases are not supported, write the value out");
    attach(mark, {.kind = NodeKind::alias, .place = place});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_extras(mark, tag, anchor);
    if (is_unclosed(places_.behind(mark))) stop(mark, "a quote is not closed");
    attach(mark,
           {.kind = NodeKind::value, .quoted = tag == "!", .place = places_.place_of(mark), .value = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  // A map or list that is being filled; a map's key waits here for its value.
  struct Frame {
    Node node;
    std::optional<Node> key;
  };

  [[noreturn]] void stop(const YAML::Mark& mark, std::string what) {
    problems_.add(places_.place_of(mark), std::move(what));
    throw Stop{};
  }

  void refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      problems_.add(places_.place_of(mark),
                    "anchors are not supported, write the value out where it is used");
    if (!tag.empty() && tag != "?" && tag != "!")
      problems_.add(places_.place_of(mark), "tags such as '" + shown(tag) + "' are not supported");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, NodeKind kind) {
    refuse_extras(mark, tag, anchor);
    if (open_.size() == nesting_max)
      stop(mark, "nested deeper than " + std::to_string(nesting_max) + " maps and lists");
    open_.push_back({{.kind = kind, .place = places_.place_of(mark)}, std::nullopt});
  }

  void close() {
    auto node = std::move(open_.back().node);
    open_.pop_back();
    attach(YAML::Mark::null_mark(), std::move(node));
  }

  void attach(const YAML::Mark& mark, Node node) {
    if (++nodes_ > nodes_max) stop(mark, "more than " + std::to_string(nodes_max) + " values in one file");
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& frame = open_.back();
    if (frame.node.kind == NodeKind::list) {
      if (node.place.line == 0) node.place = frame.node.place;
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Frame& frame, Node node) {
    const Node key = std::move(*frame.key);
    frame.key.reset();
    const auto place = key.place.line > 0 ? key.place : frame.node.place;
    if (key.kind == NodeKind::value) {
      if (node.place.line == 0) node.place = place;
      frame.node.entries.push_back({key.value, place, std::move(node)});
    } else if (key.kind != NodeKind::alias) {
      const char* is = key.kind == NodeKind::map ? "a map" : key.kind == NodeKind::list ? "a list" : "empty";
      problems_.add(place, std::string{"a key must be a name, is "} + is);
    }
  }

  PlaceFinder& places_;
  Problems& problems_;
  Node root_;
  std::vector<Frame> open_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// yaml-cpp reads byte 4 as the end of the file and guesses at encodings: what is no plain UTF-8 text stops
// here, at its place.
bool refuse_binary(std::string_view text, Problems& problems) {
  Place place{1, 1};
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character.valid) {
      problems.add(place, "not UTF-8 text");
      return true;
    }
    if (is_control(character.code)) {
      constexpr char hex[] = "0123456789abcdef";
      problems.add(place, std::string{"control character 0x"} + hex[character.code >> 4 & 0xf] +
                              hex[character.code & 0xf]);
      return true;
    }
    ++place.column;
    if (character.code == '\n') place = {place.line + 1, 1};
    text.remove_prefix(character.bytes);
  }
  return false;
}

// What yaml-cpp says, in words for whoever writes the file.
std::string syntax_problem(const std::string& said) {
  struct Translation {
    std::string_view said, meant;
  };
  static constexpr Translation translations[] = {
      {"illegal tab when looking for indentation", "a tab in the indentation, use spaces"},
      {"illegal map value",
       "a ':' where no key can stand; is the indentation right, or does a value need quotes?"},
      {"end of map not found", "this does not fit into the map above; is the indentation right?"},
      {"end of sequence not found", "this does not fit into the list above; is the indentation right?"},
      {"end of map flow not found", "a '{' is not closed by '}'"},
      {"end of sequence flow not found", "a '[' is not closed by ']'"},
      {"illegal flow end", "a '}' or ']' that closes nothing"},
      {"illegal EOF in scalar", "a quote is not closed"},
      {"illegal document indicator in scalar", "a quote is not closed"},
      {"unknown escape character: ", "an unknown escape in double quotes; use single quotes"},
      {"the referenced anchor is not defined", "aliases are not supported, write the value out"},
      {"unknown token", "a character that cannot begin a value; put quotes around it"},
  };
  for (const auto& translation : translations) {
    if (said.starts_with(translation.said)) return std::string{translation.meant};
  }
  return "not valid YAML: " + said;
}

}  // namespace

Node parse_yaml(std::string_view text, Problems& problems) {
  const Node unreadable{.kind = NodeKind::alias};
  if (refuse_binary(text, problems)) return unreadable;

  PlaceFinder places{text};
  TreeBuilder builder{places, problems};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return unreadable;
  } catch (const YAML::Exception& error) {
    const auto tab = places.tab_before(error.mark);
    if (tab) {
      problems.add(*tab, "a tab in the indentation, use spaces");
    } else {
      problems.add(places.place_of(error.mark), syntax_problem(error.msg));
    }
    return unreadable;
  }
  return builder.take_root();
}

std::string shown(std::string_view text) {
  constexpr std::size_t shown_characters_max = 60;
  std::string result;
  std::size_t count = 0;
  while (!text.empty()) {
    if (count++ == shown_characters_max) return result + "...";
    const auto character = first_character(text);
    if (character.code == '\n') {
      result += "\\n";
    } else if (character.code == '\t') {
      result += "\\t";
    } else if (!character.valid || is_control(character.code) || character.code == '\r') {
      result += '?';
    } else {
      result += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return result;
}

}  // namespace reel::config
