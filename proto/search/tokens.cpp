#include "search/tokens.h"

#include <algorithm>

#include "config/characters.h"
#include "event/quoted_text.h"

namespace reel::search {
namespace {

using config::Place;

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_word_byte(char c) {
  const bool letter = (lowered(c) >= 'a' && lowered(c) <= 'z') || (c >= '0' && c <= '9');
  return letter || std::string_view{"_-.:/@+*"}.find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_{text} { check_characters(); }

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do {
      while (!rest_.empty() && std::string_view{" \t\r\n"}.find(rest_.front()) != std::string_view::npos)
        skip();
      tokens.push_back(next());
    } while (tokens.back().type != Token::Type::end);
    return tokens;
  }

 private:
  // Once for the whole, so that everything behind may rely on it.
  void check_characters() const {
    Lexer scout{*this};
    while (!scout.rest_.empty()) {
      const auto [code, bytes, valid] = config::first_character(scout.rest_);
      if (!valid) throw Fault{scout.place_, "this is not UTF-8"};
      if (config::is_control(code)) throw Fault{scout.place_, "a control character has no place here"};
      scout.skip();
    }
  }

  std::string skip() {
    const auto bytes = config::first_character(rest_).bytes;
    std::string character{rest_.substr(0, bytes)};
    rest_.remove_prefix(bytes);
    const bool line_end = character == "\n";
    place_ = line_end ? Place{place_.line + 1, 1} : Place{place_.line, place_.column + 1};
    return character;
  }

  Token next() {
    Token token{Token::Type::end, {}, place_};
    if (rest_.empty()) return token;
    const char c = rest_.front();
    if (c == '"' || c == '\'') return quoted();
    if (is_word_byte(c)) {
      token.type = Token::Type::word;
      while (!rest_.empty() && (is_word_byte(rest_.front()) || ends_pattern(token.text)))
        token.text += skip();
      return token;
    }
    token.type = Token::Type::sign;
    token.text = skip();
    if (std::string_view{"()[],"}.find(c) != std::string_view::npos) return token;
    if (std::string_view{"=!<>"}.find(c) != std::string_view::npos) {
      if (!rest_.empty() && rest_.front() == '=') token.text += skip();
      if (token.text == "=") token.text = "==";
      if (token.text != "!") return token;
      throw Fault{token.place, "'!' means nothing here", "did you mean 'not' or '!='?"};
    }
    if (c == '&') throw Fault{token.place, "'&' means nothing here", "did you mean 'and'?"};
    if (c == '|') throw Fault{token.place, "'|' means nothing here", "did you mean 'or'?"};
    throw Fault{token.place, in_quotes(token.text) + " means nothing here"};
  }

  // The '>' of order.> is part of the pattern.
  [[nodiscard]] bool ends_pattern(const std::string& word) const {
    return word.ends_with('.') && rest_.front() == '>';
  }

  Token quoted() {
    Token token{Token::Type::quoted, {}, place_};
    const std::string quote = skip();
    while (!rest_.empty() && rest_.front() != quote.front()) {
      const Place at = place_;
      std::string character = skip();
      if (character == "\\") {
        if (rest_.empty()) break;
        character = skip();
        if (character != "\\" && character != "\"" && character != "'" && character != "*")
          throw Fault{at, "a backslash stands only before a quote, '*' or another backslash"};
        // A star that is meant as one stays marked: `like` is told apart by it.
        if (character == "*") token.text += '\\';
      }
      token.text += character;
    }
    if (rest_.empty()) throw Fault{token.place, "this text has no end", "its closing quote is missing"};
    (void)skip();
    return token;
  }

  std::string_view rest_;
  Place place_{1, 1};
};

}  // namespace

bool Token::is_keyword(std::string_view keyword) const {
  return type == Type::word && std::equal(text.begin(), text.end(), keyword.begin(), keyword.end(),
                                          [](char a, char b) { return lowered(a) == b; });
}

std::string Token::shown() const {
  return type == Type::end ? "the end" : in_quotes(text);
}

std::vector<Token> tokens_of(std::string_view text) {
  return Lexer{text}.run();
}

}  // namespace reel::search
