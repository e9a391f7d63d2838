#include "cli/config_file.h"

#include <google/protobuf/descriptor.h>

#include <vector>

#include "cli/invocation.h"
#include "config/load.h"
#include "event/schema_set.h"
#include "reel/v1/flow.pb.h"

namespace reel::cli {
namespace {

void add_messages(std::set<std::string>& types, const google::protobuf::FileDescriptor* file) {
  for (int i = 0; file != nullptr && i < file->message_type_count(); ++i)
    types.insert(file->message_type(i)->full_name());
}

/// Types that need no file: every broker knows them.
void add_built_in(std::set<std::string>& types) {
  static constexpr const char* well_known[] = {
      "google/protobuf/any.proto",    "google/protobuf/duration.proto",  "google/protobuf/empty.proto",
      "google/protobuf/struct.proto", "google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"};
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* file : well_known) add_messages(types, pool->FindFileByName(file));
  add_messages(types, v1::FlowOverdue::descriptor()->file());
}

config::Schemas compiled(const std::vector<std::string>& paths) {
  const LoadedSchemas loaded = load_schemas(paths);
  config::Schemas schemas;
  for (std::string& name : loaded.schemas.type_names()) schemas.types.insert(std::move(name));
  add_built_in(schemas.types);
  for (const SchemaProblem& problem : loaded.problems) schemas.problems.push_back(problem.text());
  return schemas;
}

}  // namespace

config::Model load_config(const std::string& path) {
  try {
    return config::load(path, compiled);
  } catch (const config::ConfigError& error) {
    throw Failure{exit_code::refused, error.what()};
  }
}

}  // namespace reel::cli
