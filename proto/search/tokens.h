// An expression as words, texts and signs, each with its place. For expression.cpp.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"

namespace reel::search {

/// What is wrong with an expression, and where.
struct Fault {
  config::Place place;
  std::string what;
  std::string hint = {};
};

struct Token {
  enum class Type : std::uint8_t {
    word,    ///< state, order.*, 10m, 100000
    quoted,  ///< "…" or '…', without the quotes
    sign,    ///< ( ) [ ] , == != < <= > >=
    end,
  };
  Type type = Type::end;
  std::string text;
  config::Place place;

  [[nodiscard]] bool is(std::string_view sign) const { return type == Type::sign && text == sign; }
  /// A word of the grammar, in any case: and, or, not, in, like.
  [[nodiscard]] bool is_keyword(std::string_view keyword) const;
  /// "'…'", or "the end"
  [[nodiscard]] std::string shown() const;
};

/// All of them, Type::end last. Throws Fault.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view text);

}  // namespace reel::search
