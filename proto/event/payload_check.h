// Whether a payload is well-formed for its message type: what the broker asks of every event it accepts.
//
//   const PayloadCheck check{*schemas.find("shop.v1.OrderPlaced")};
//   if (const auto fault = check.check(data)) refuse(*fault);  // "field 'customer.name' is not valid UTF-8"
//
// The type is compiled once into flat tables, and the bytes are walked once, without allocating and without
// building a message. What is accepted here, libprotobuf parses; the reverse does not hold: a known field
// in another wire type and groups, which libprotobuf passes on as unknown, are refused here, since in an
// event they are mistakes. Unknown fields are passed if they are well-formed.
//
// Immutable once made: safe from any thread, and independent of the descriptor it was made from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
}

namespace reel {

/// How deep messages may be nested below the payload; libprotobuf's own limit.
inline constexpr int payload_depth_max = 100;

class PayloadCheck {
 public:
  explicit PayloadCheck(const google::protobuf::Descriptor& type);

  /// Nothing where `data` is well-formed; else one sentence that names the field.
  [[nodiscard]] std::optional<std::string> check(std::string_view data) const;

 private:
  /// What to do with a field once its tag is read.
  enum class Action : std::uint8_t {
    skip_varint,
    skip_fixed64,
    skip_fixed32,
    skip_bytes,
    check_utf8,
    check_message,
    check_varints,     // packed
    check_fixed64s,    // packed
    check_fixed32s,    // packed
    refuse_wire_type,  // of a known field
    refuse_tag,        // number 0, groups, wire types that do not exist
  };
  enum class Shape : std::uint8_t { varint, fixed64, fixed32, bytes, utf8, message, group };

  struct Field {
    std::uint32_t number = 0;
    Shape shape = Shape::varint;
    bool repeated = false;
    std::uint32_t child = 0;         // of a message: which table
    std::uint64_t required_bit = 0;  // proto2
    std::string name;
  };
  struct Table {
    /// By the tag itself where it is one byte, which it is for field numbers up to 15.
    std::array<Action, 128> actions{};
    std::array<std::uint32_t, 16> children{};
    std::vector<Field> fields;  // by number
    std::uint64_t required = 0;
    std::string type_name;
  };
  struct Fault;

  void compile(const google::protobuf::Descriptor& type);
  [[nodiscard]] static Action action_of(const Field* field, std::uint32_t number, std::uint32_t wire_type);
  [[nodiscard]] static const Field* find(const Table& table, std::uint32_t number);
  bool walk(const Table& table, const char* at, const char* end, int depth, Fault& fault) const;
  bool fail(const Table& table, std::uint32_t number, const char* what, Fault& fault) const;

  std::vector<Table> tables_;  // the payload's own first
};

}  // namespace reel
