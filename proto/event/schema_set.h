// The .proto files of a mesh, compiled at run time: what each payload looks like, without code generation.
//
//   auto [schemas, problems] = load_schemas({"/etc/mesh/proto/shop/v1"});
//   for (const auto& problem : problems) std::cerr << problem.text() << '\n';   // file:line:col: what
//   const auto* type = schemas.find("shop.v1.OrderPlaced");                     // nullptr: no such message
//
// A client gets the same set from the broker: schemas_of(reply.files()). protobuf's well-known types
// (google.protobuf.StringValue, .Struct, .Timestamp, …) and reel.v1.* are known without any file.
//
// Immutable once made: safe to read from any thread. Descriptors live as long as the set they came from.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class FileDescriptor;
class FileDescriptorSet;
}  // namespace google::protobuf

namespace reel {

/// Files that one set may hold. Far beyond any mesh; a wrong path such as "/" ends here, not in swap.
inline constexpr std::size_t schema_files_max = 10'000;

/// Largest .proto file. A thousand times a long one.
inline constexpr std::size_t schema_file_bytes_max = 4u << 20;

/// Something wrong in a .proto file or with its path. Line and column count from 1; 0: the whole file.
struct SchemaProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string what;

  /// `file:line:column: what`
  [[nodiscard]] std::string text() const;
};

class SchemaSet {
 public:
  /// Knows the built-in types only.
  SchemaSet();
  ~SchemaSet();
  SchemaSet(SchemaSet&&) noexcept;
  SchemaSet& operator=(SchemaSet&&) noexcept;

  /// The message of this full name, nested ones as Outer.Inner; nullptr where there is none.
  [[nodiscard]] const google::protobuf::Descriptor* find(std::string_view type_name) const;

  /// Full names of all messages of the files, nested ones too, sorted; built-in types are not listed.
  [[nodiscard]] std::vector<std::string> type_names() const;

  /// The files that define these types and everything they import, each file behind its imports. Names that
  /// are not known are left out.
  [[nodiscard]] google::protobuf::FileDescriptorSet files_for(
      const std::vector<std::string>& type_names) const;

  /// The pool that the files' own descriptors live in.
  [[nodiscard]] const google::protobuf::DescriptorPool& pool() const { return *pool_; }

 private:
  friend class SchemaBuilder;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::vector<const google::protobuf::FileDescriptor*> files_;  // each behind its imports
};

/// What could be compiled, and every problem met. With a problem, the set lacks at least the file it is in.
struct LoadedSchemas {
  SchemaSet schemas;
  std::vector<SchemaProblem> problems;
};

/// Compiles .proto files, and folders of them with all folders below. An `import "shop/v1/order.proto"` is
/// looked for in each folder given, in the folder from which a file's path spells its package (…/proto for
/// package shop.v1 in …/proto/shop/v1), and in every folder above the importing file, nearest first.
[[nodiscard]] LoadedSchemas load_schemas(const std::vector<std::string>& paths);

/// The set that files_for (or `protoc --include_imports`) wrote down: each file behind its imports.
[[nodiscard]] LoadedSchemas schemas_of(const google::protobuf::FileDescriptorSet& files);

}  // namespace reel
