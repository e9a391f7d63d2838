#include "config/mesh.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "reel/v1/flow.pb.h"

namespace reel::config {
namespace {

void add_messages(std::set<std::string>& types, const google::protobuf::FileDescriptor* file) {
  for (int i = 0; file != nullptr && i < file->message_type_count(); ++i) {
    types.insert(file->message_type(i)->full_name());
  }
}

// Types that need no file: every program of ours knows them.
void add_built_in(std::set<std::string>& types) {
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* file : {"google/protobuf/any.proto", "google/protobuf/duration.proto",
                           "google/protobuf/empty.proto", "google/protobuf/struct.proto",
                           "google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"}) {
    add_messages(types, pool->FindFileByName(file));
  }
  add_messages(types, v1::FlowOverdue::descriptor()->file());
}

}  // namespace

Mesh load_mesh(const std::string& path) {
  SchemaSet schemas;
  auto model = load(path, [&schemas](const std::vector<std::string>& paths) {
    auto loaded = load_schemas(paths);
    Schemas found;
    for (auto& name : loaded.schemas.type_names()) found.types.insert(std::move(name));
    add_built_in(found.types);
    for (const auto& problem : loaded.problems) found.problems.push_back(problem.text());
    schemas = std::move(loaded.schemas);
    found.find = [&schemas](const std::string& type) { return schemas.find(type); };
    return found;
  });
  return {std::move(model), std::move(schemas)};
}

}  // namespace reel::config
