#include "event/payload_check.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <climits>
#include <stdexcept>
#include <unordered_map>

#include "event/utf8.h"

namespace reel {
namespace {

namespace pb = google::protobuf;

// libprotobuf reads tags and lengths of at most this many bytes, numbers of at most 10.
constexpr int short_varint_bytes_max = 5;
constexpr int varint_bytes_max = 10;

// Larger messages are beyond libprotobuf's parser.
constexpr std::size_t message_bytes_max = INT_MAX - 16;

// How much of a path a sentence quotes.
constexpr std::size_t path_bytes_max = 200;

constexpr std::size_t required_fields_max = 64;

inline const char* skip_varint(const char* at, const char* end) {
  for (int i = 0; i < varint_bytes_max && at < end; ++i) {
    if (static_cast<unsigned char>(*at++) < 0x80) return at;
  }
  return nullptr;
}

inline const char* read_short_varint(const char* at, const char* end, std::uint32_t& value) {
  std::uint64_t wide = 0;
  for (int i = 0; i < short_varint_bytes_max && at < end; ++i) {
    const auto byte = static_cast<unsigned char>(*at++);
    wide |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      value = static_cast<std::uint32_t>(wide);
      return wide <= 0xffffffffu ? at : nullptr;
    }
  }
  return nullptr;
}

inline const char* read_length(const char* at, const char* end, std::uint32_t& length) {
  if (at < end && static_cast<unsigned char>(*at) < 0x80) [[likely]] {
    length = static_cast<unsigned char>(*at++);
  } else {
    at = read_short_varint(at, end, length);
    if (at == nullptr) return nullptr;
  }
  return length <= static_cast<std::size_t>(end - at) ? at : nullptr;
}

bool are_varints(const char* at, const char* end) {
  while (at < end) {
    at = skip_varint(at, end);
    if (at == nullptr) return false;
  }
  return true;
}

const char* const cut_off = "is cut off or has a length that does not fit";

}  // namespace

// Where a payload is wrong, gathered on the way out of the walk.
struct PayloadCheck::Fault {
  const char* what = nullptr;
  std::vector<std::string> path;  // innermost first
  bool in_message = false;        // it is the message, not a field of it
  const std::string* type_name = nullptr;
};

PayloadCheck::PayloadCheck(const pb::Descriptor& type) {
  compile(type);
}

std::optional<std::string> PayloadCheck::check(std::string_view data) const {
  Fault fault;
  if (data.size() > message_bytes_max) return "the payload is larger than 2 GiB";
  if (walk(tables_.front(), data.data(), data.data() + data.size(), 0, fault)) [[likely]]
    return std::nullopt;

  std::string path;
  for (auto name = fault.path.rbegin(); name != fault.path.rend(); ++name) {
    if (path.size() + name->size() > path_bytes_max) {
      path += "…";
      break;
    }
    path += (path.empty() ? "" : ".") + *name;
  }
  if (!fault.in_message) return "field '" + path + "' " + fault.what;
  return (path.empty() ? "message " : "field '" + path + "' of type ") + *fault.type_name + " " + fault.what;
}

bool PayloadCheck::walk(const Table& table, const char* at, const char* end, int depth, Fault& fault) const {
  std::uint64_t seen = 0;
  while (at < end) {
    std::uint32_t tag = static_cast<unsigned char>(*at);
    Action action{};
    if (tag < 0x80) [[likely]] {
      ++at;
      action = table.actions[tag];
    } else {
      at = read_short_varint(at, end, tag);
      if (at == nullptr) return fail(table, 0, "holds a tag that is cut off or too long", fault);
      action = action_of(find(table, tag >> 3), tag >> 3, tag & 7);
    }
    const std::uint32_t number = tag >> 3;
    if (table.required != 0) {
      if (const auto* field = find(table, number)) seen |= field->required_bit;
    }

    std::uint32_t length = 0;
    switch (action) {
      case Action::skip_varint:
        at = skip_varint(at, end);
        if (at == nullptr) return fail(table, number, "holds a number that is cut off or too long", fault);
        continue;
      case Action::skip_fixed64:
      case Action::skip_fixed32: {
        const auto size = action == Action::skip_fixed64 ? 8 : 4;
        if (end - at < size) return fail(table, number, cut_off, fault);
        at += size;
        continue;
      }
      case Action::refuse_wire_type:
        return fail(table, number, "is encoded as another wire type than its own", fault);
      case Action::refuse_tag:
        return fail(table, 0, "holds a tag that is field number 0, a group, or no wire type", fault);
      default:
        at = read_length(at, end, length);
        if (at == nullptr) return fail(table, number, cut_off, fault);
    }

    const char* const content = at;
    at += length;
    switch (action) {
      case Action::check_utf8:
        if (!is_utf8({content, length})) return fail(table, number, "is not valid UTF-8", fault);
        break;
      case Action::check_message: {
        if (depth == payload_depth_max)
          return fail(table, number, "is nested deeper than 100 messages", fault);
        const auto& child = tables_[number < 16 ? table.children[number] : find(table, number)->child];
        if (!walk(child, content, at, depth + 1, fault)) {
          fault.path.push_back(find(table, number)->name);
          return false;
        }
        break;
      }
      case Action::check_varints:
        if (!are_varints(content, at)) {
          return fail(table, number, "holds packed numbers that are cut off or too long", fault);
        }
        break;
      case Action::check_fixed64s:
      case Action::check_fixed32s:
        if (length % (action == Action::check_fixed64s ? 8u : 4u) != 0) {
          return fail(table, number, "holds packed numbers of which the last is cut off", fault);
        }
        break;
      default: break;  // bytes, and what is not known
    }
  }
  if (seen == table.required) [[likely]]
    return true;
  const auto missing = std::find_if(table.fields.begin(), table.fields.end(),
                                    [&](const Field& field) { return (field.required_bit & ~seen) != 0; });
  return fail(table, missing->number, "is required and missing", fault);
}

// `number` 0: the message itself is at fault.
bool PayloadCheck::fail(const Table& table, std::uint32_t number, const char* what, Fault& fault) const {
  fault.what = what;
  fault.type_name = &table.type_name;
  fault.in_message = number == 0;
  if (number != 0) {
    const auto* field = find(table, number);
    fault.path.push_back(field != nullptr ? field->name : std::to_string(number));
  }
  return false;
}

const PayloadCheck::Field* PayloadCheck::find(const Table& table, std::uint32_t number) {
  const auto at =
      std::lower_bound(table.fields.begin(), table.fields.end(), number,
                       [](const Field& field, std::uint32_t wanted) { return field.number < wanted; });
  return at != table.fields.end() && at->number == number ? &*at : nullptr;
}

PayloadCheck::Action PayloadCheck::action_of(const Field* field, std::uint32_t number,
                                             std::uint32_t wire_type) {
  if (number == 0) return Action::refuse_tag;
  const bool known = field != nullptr;
  const auto shape = known ? field->shape : Shape::group;
  switch (wire_type) {
    case 0: return !known || shape == Shape::varint ? Action::skip_varint : Action::refuse_wire_type;
    case 1: return !known || shape == Shape::fixed64 ? Action::skip_fixed64 : Action::refuse_wire_type;
    case 5: return !known || shape == Shape::fixed32 ? Action::skip_fixed32 : Action::refuse_wire_type;
    case 2: break;
    default: return Action::refuse_tag;
  }
  if (!known) return Action::skip_bytes;
  switch (shape) {
    case Shape::bytes: return Action::skip_bytes;
    case Shape::utf8: return Action::check_utf8;
    case Shape::message: return Action::check_message;
    case Shape::varint: return field->repeated ? Action::check_varints : Action::refuse_wire_type;
    case Shape::fixed64: return field->repeated ? Action::check_fixed64s : Action::refuse_wire_type;
    case Shape::fixed32: return field->repeated ? Action::check_fixed32s : Action::refuse_wire_type;
    case Shape::group: break;
  }
  return Action::refuse_wire_type;
}

void PayloadCheck::compile(const pb::Descriptor& payload) {
  std::vector<const pb::Descriptor*> types{&payload};
  std::unordered_map<const pb::Descriptor*, std::uint32_t> index{{&payload, 0}};
  const auto table_of = [&](const pb::Descriptor* type) {
    const auto [at, added] = index.try_emplace(type, static_cast<std::uint32_t>(types.size()));
    if (added) types.push_back(type);
    return at->second;
  };
  const auto shape_of = [](const pb::FieldDescriptor& field) {
    switch (field.type()) {
      case pb::FieldDescriptor::TYPE_FIXED64:
      case pb::FieldDescriptor::TYPE_SFIXED64:
      case pb::FieldDescriptor::TYPE_DOUBLE: return Shape::fixed64;
      case pb::FieldDescriptor::TYPE_FIXED32:
      case pb::FieldDescriptor::TYPE_SFIXED32:
      case pb::FieldDescriptor::TYPE_FLOAT: return Shape::fixed32;
      case pb::FieldDescriptor::TYPE_STRING:
        return field.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3 ? Shape::utf8 : Shape::bytes;
      case pb::FieldDescriptor::TYPE_BYTES: return Shape::bytes;
      case pb::FieldDescriptor::TYPE_MESSAGE: return Shape::message;
      case pb::FieldDescriptor::TYPE_GROUP: return Shape::group;
      default: return Shape::varint;
    }
  };

  for (std::size_t i = 0; i < types.size(); ++i) {  // grows while it runs
    const auto& type = *types[i];
    Table table;
    table.type_name = type.full_name();
    std::vector<const pb::FieldDescriptor*> fields;
    type.file()->pool()->FindAllExtensions(&type, &fields);
    for (int j = 0; j < type.field_count(); ++j) fields.push_back(type.field(j));
    for (const auto* declared : fields) {
      Field field{.number = static_cast<std::uint32_t>(declared->number()),
                  .shape = shape_of(*declared),
                  .repeated = declared->is_repeated(),
                  .name = declared->name()};
      if (field.shape == Shape::message) field.child = table_of(declared->message_type());
      if (declared->is_required()) {
        if (table.required == ~std::uint64_t{0}) {
          throw std::invalid_argument{type.full_name() + " has more than " +
                                      std::to_string(required_fields_max) + " required fields"};
        }
        field.required_bit = table.required + 1;  // the lowest bit not yet taken
        table.required |= field.required_bit;
      }
      table.fields.push_back(std::move(field));
    }
    std::sort(table.fields.begin(), table.fields.end(),
              [](const Field& a, const Field& b) { return a.number < b.number; });
    for (std::uint32_t tag = 0; tag < 128; ++tag) {
      table.actions[tag] = action_of(find(table, tag >> 3), tag >> 3, tag & 7);
    }
    for (const auto& field : table.fields) {
      if (field.number < 16) table.children[field.number] = field.child;
    }
    tables_.push_back(std::move(table));
  }
}

}  // namespace reel
