// Names: topics and sources as small numbers, so that a step in a flow says "3" instead of "order.placed".
//
// Numbers are given in order from 1 and never change: stored flows use them, so the store keeps the list.
// Topics are as many as the configuration has, and judged by: each has its own. Sources are one per process
// that ever published, and a stranger may make them up, hence the limit.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reel::tracker {

/// 0 is no name.
using Name = std::uint32_t;

/// Beyond this many, new sources are all shown as "(one of many)". About 100 MB.
inline constexpr std::size_t names_max = 1'000'000;

class Names {
 public:
  explicit Names(std::size_t most = names_max) : most_{most} { texts_.emplace_back(); }
  Names(const Names&) = delete;  // views into its texts are its keys
  Names& operator=(const Names&) = delete;

  /// The number of `text`, given now where it has none.
  Name intern(std::string_view text) {
    const Recent& recent = recent_[place_of(text)];
    return recent.text == text ? recent.name : look_up(text);
  }
  /// The same for a source.
  Name intern_source(std::string_view text);
  /// 0 where it has none.
  [[nodiscard]] Name find(std::string_view text) const;
  /// Empty for 0 and for numbers that were not given.
  [[nodiscard]] std::string_view text(Name name) const {
    return name < texts_.size() ? std::string_view{texts_[name]} : std::string_view{};
  }
  /// One more than the largest number given.
  [[nodiscard]] Name end() const { return static_cast<Name>(texts_.size()); }

 private:
  /// Of some texts the one that was asked for last: events are of few topics and sources.
  struct Recent {
    std::string_view text;
    Name name = 0;
  };
  static constexpr std::size_t recent_places = 256;

  /// By its length and its last letters: instances of a service differ there.
  [[nodiscard]] static std::size_t place_of(std::string_view text) {
    std::size_t place = text.size();
    for (std::size_t i = text.size() < 4 ? 0 : text.size() - 4; i < text.size(); ++i)
      place = place * 31 + static_cast<unsigned char>(text[i]);
    return place % recent_places;
  }
  Name look_up(std::string_view text);

  std::size_t most_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, Name> numbers_;
  std::array<Recent, recent_places> recent_;
};

}  // namespace reel::tracker
