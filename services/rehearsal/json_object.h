// The members of one JSON object, read strictly and in one pass, without a tree.
//
//   JsonObject object{line};
//   while (const auto member = object.next()) …      // member->key, member->value as written
//   if (!object.error().empty()) …                   // "bad JSON at column 17: expected ':'"
//
// A history has hundreds of bytes of payload for each few that are judged: they are checked to be JSON,
// handed over as they stand, and never built. What nlohmann::json takes is taken here, and nothing else;
// foreign bytes never throw and never nest without bound. The text must outlive the object.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reel::rehearsal {

struct JsonMember {
  std::string_view key;    ///< as written, without quotes
  std::string_view value;  ///< as written, strings with their quotes

  [[nodiscard]] bool is_string() const { return value.front() == '"'; }
  [[nodiscard]] bool is_null() const { return value.front() == 'n'; }
};

/// The text of a string as it was written, without its quotes. One without escapes is returned as it is; else
/// it is put into `storage`. `written` must come from a JsonObject.
[[nodiscard]] std::string_view unescaped(std::string_view written, std::string& storage);

class JsonObject {
 public:
  explicit JsonObject(std::string_view text);

  /// The next member; nothing at the end, or where the text is no JSON object.
  [[nodiscard]] std::optional<JsonMember> next();
  /// Empty where all of the text was an object. To be asked when next() gave nothing.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  bool to_member();
  bool begin_of_object();
  bool key_and_colon(std::string_view& key);
  bool value(int depth);
  bool container(char close, int depth);
  bool string();
  bool escape();
  bool low_surrogate();
  bool hex4(unsigned& unit);
  bool number();
  bool digits();
  bool word(std::string_view expected);
  bool expect(char wanted);
  void blanks();
  bool fail(std::string what);
  [[nodiscard]] bool at_end() const { return at_ == end_; }

  const char* begin_;
  const char* at_;
  const char* end_;
  bool opened_ = false;
  std::string error_;
};

}  // namespace reel::rehearsal
