#include "event/schema_set.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <unordered_set>

#include "event/schema_builder.h"
#include "reel/v1/event.pb.h"
#include "reel/v1/flow.pb.h"
#include "reel/v1/ledger.pb.h"

namespace reel {
namespace {

namespace pb = google::protobuf;

void list_messages(const pb::Descriptor& type, std::vector<std::string>& names) {
  if (type.options().map_entry()) return;
  names.push_back(type.full_name());
  for (int i = 0; i < type.nested_type_count(); ++i) list_messages(*type.nested_type(i), names);
}

void list_files(const pb::FileDescriptor& file, std::unordered_set<std::string>& seen,
                pb::FileDescriptorSet& files) {
  if (!seen.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) list_files(*file.dependency(i), seen, files);
  file.CopyTo(files.add_file());
}

// The problems of a set that came ready-made have a file, but no line.
class SetErrors : public SchemaBuilder::Errors {
 public:
  explicit SetErrors(std::vector<SchemaProblem>& problems) : problems_{problems} {}
  void AddError(const std::string& file, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    problems_.push_back({file, 0, 0, element + ": " + message});
  }

 private:
  std::vector<SchemaProblem>& problems_;
};

}  // namespace

std::string SchemaProblem::text() const {
  if (line == 0) return file + ": " + what;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what;
}

const pb::DescriptorPool& built_in_pool() {
  // Naming a type of each file keeps the linker from leaving the file out of a static build.
  [[maybe_unused]] static const pb::Descriptor* const linked[] = {
      pb::Any::descriptor(),           pb::Duration::descriptor(), pb::Empty::descriptor(),
      pb::FieldMask::descriptor(),     pb::Struct::descriptor(),   pb::Timestamp::descriptor(),
      pb::StringValue::descriptor(),   v1::Event::descriptor(),    v1::FlowOverdue::descriptor(),
      v1::DeliveryReport::descriptor()};
  return *pb::DescriptorPool::generated_pool();
}

bool is_built_in_file(std::string_view name) {
  if (!name.starts_with("google/protobuf/") && !name.starts_with("reel/v1/")) return false;
  return built_in_pool().FindFileByName(std::string{name}) != nullptr;
}

SchemaSet::SchemaSet() : pool_{std::make_unique<pb::DescriptorPool>()} {}
SchemaSet::~SchemaSet() = default;
SchemaSet::SchemaSet(SchemaSet&&) noexcept = default;
SchemaSet& SchemaSet::operator=(SchemaSet&&) noexcept = default;

const pb::Descriptor* SchemaSet::find(std::string_view type_name) const {
  const std::string name{type_name};
  if (const auto* type = pool_->FindMessageTypeByName(name)) return type;
  if (!type_name.starts_with("google.protobuf.") && !type_name.starts_with("reel.v1.")) return nullptr;
  return built_in_pool().FindMessageTypeByName(name);
}

std::vector<std::string> SchemaSet::type_names() const {
  std::vector<std::string> names;
  for (const auto* file : files_) {
    if (is_built_in_file(file->name())) continue;
    for (int i = 0; i < file->message_type_count(); ++i) list_messages(*file->message_type(i), names);
  }
  std::sort(names.begin(), names.end());
  return names;
}

pb::FileDescriptorSet SchemaSet::files_for(const std::vector<std::string>& type_names) const {
  pb::FileDescriptorSet files;
  std::unordered_set<std::string> seen;
  for (const auto& name : type_names) {
    if (const auto* type = find(name)) list_files(*type->file(), seen, files);
  }
  return files;
}

bool SchemaBuilder::add(const pb::FileDescriptorProto& file, Errors& errors) {
  if (is_built_in_file(file.name())) {  // ours is the one that the program's own code agrees with
    add_built_in(file.name());
    return true;
  }
  for (const auto& import : file.dependency()) {
    if (is_built_in_file(import)) add_built_in(import);
  }
  const auto* built = set_.pool_->BuildFileCollectingErrors(file, &errors);
  if (built == nullptr) return false;
  set_.files_.push_back(built);
  return true;
}

void SchemaBuilder::add_built_in(const std::string& name) {
  if (set_.pool_->FindFileByName(name) != nullptr) return;
  const auto* file = built_in_pool().FindFileByName(name);
  for (int i = 0; i < file->dependency_count(); ++i) add_built_in(file->dependency(i)->name());
  pb::FileDescriptorProto proto;
  file->CopyTo(&proto);
  set_.files_.push_back(set_.pool_->BuildFile(proto));
}

LoadedSchemas schemas_of(const pb::FileDescriptorSet& files) {
  LoadedSchemas loaded;
  SchemaBuilder builder{loaded.schemas};
  SetErrors errors{loaded.problems};
  for (const auto& file : files.file()) {
    (void)builder.add(file, errors);  // what is wrong stands in the problems
  }
  return loaded;
}

}  // namespace reel
