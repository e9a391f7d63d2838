// How a SchemaSet comes to be: file by file, each behind its imports, with what is built in taken from the
// program itself. Private to the two ways of making a set, from disk and from a FileDescriptorSet.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <string_view>

#include "event/schema_set.h"

namespace reel {

/// The pool of what this program was compiled with, with everything built in present.
[[nodiscard]] const google::protobuf::DescriptorPool& built_in_pool();

/// Whether this file needs no source: protobuf's own and reel.v1's.
[[nodiscard]] bool is_built_in_file(std::string_view name);

class SchemaBuilder {
 public:
  using Errors = google::protobuf::DescriptorPool::ErrorCollector;

  explicit SchemaBuilder(SchemaSet& set) : set_{set} {}

  /// Adds one file whose imports are there already, or are built in. False after telling `errors`.
  [[nodiscard]] bool add(const google::protobuf::FileDescriptorProto& file, Errors& errors);

 private:
  void add_built_in(const std::string& name);

  SchemaSet& set_;
};

}  // namespace reel
