#include "event/payload_parser.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <limits>

#include "event/schema_builder.h"

namespace reel {
namespace {

namespace pb = google::protobuf;

// Holds a payload of a few kilobytes; what is larger costs an allocation.
constexpr std::size_t block_bytes = 32u << 10;

// Type names that are remembered as known or not. Admitted events have the types of the configuration;
// journals of other days may hold more.
constexpr std::size_t types_max = 10'000;

}  // namespace

const pb::FieldDescriptor* field_named(const pb::Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) return type.field(i);
  }
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->name() == name) return type.field(i);
  }
  return nullptr;
}

PayloadParser::PayloadParser() : block_{std::make_unique<char[]>(block_bytes)} {
  factory_.SetDelegateToGeneratedFactory(true);
  pb::ArenaOptions options;
  options.initial_block = block_.get();
  options.initial_block_size = block_bytes;
  arena_ = std::make_unique<pb::Arena>(options);
}

PayloadParser::PayloadParser(const SchemaSet& schemas) : PayloadParser{} {
  schemas_ = &schemas;
}

PayloadParser::~PayloadParser() = default;

const pb::Message* PayloadParser::prototype(std::string_view type) {
  if (const auto found = prototypes_.find(type); found != prototypes_.end()) return found->second;
  if (prototypes_.size() >= types_max) prototypes_.clear();
  const auto* const descriptor =
      schemas_ != nullptr ? schemas_->find(type) : built_in_pool().FindMessageTypeByName(std::string{type});
  const auto* const made = descriptor == nullptr ? nullptr : factory_.GetPrototype(descriptor);
  prototypes_.emplace(type, made);
  return made;
}

const pb::Message* PayloadParser::parse(std::string_view type, std::string_view data) {
  const auto* const empty = prototype(type);
  if (empty == nullptr || data.size() > std::numeric_limits<int>::max()) return nullptr;
  arena_->Reset();
  auto* const message = empty->New(arena_.get());
  const bool parsed = message->ParsePartialFromArray(data.data(), static_cast<int>(data.size()));
  return parsed ? message : nullptr;
}

const pb::FieldDescriptor* PayloadParser::field(const pb::Descriptor& type, std::string_view name) {
  const auto [at, added] = fields_.try_emplace(&type);
  if (added) {
    for (int i = 0; i < type.field_count(); ++i) at->second[type.field(i)->json_name()] = type.field(i);
    for (int i = 0; i < type.field_count(); ++i) at->second.emplace(type.field(i)->name(), type.field(i));
  }
  const auto found = at->second.find(name);
  return found == at->second.end() ? nullptr : found->second;
}

}  // namespace reel
