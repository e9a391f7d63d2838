// A folder of .proto files that lives as long as a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "event/schema_set.h"

namespace reel {

class ProtoFolder {
 public:
  ProtoFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reel_proto_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    path_ = std::filesystem::canonical(pattern);
  }
  ~ProtoFolder() { std::filesystem::remove_all(path_); }
  ProtoFolder(const ProtoFolder&) = delete;
  ProtoFolder& operator=(const ProtoFolder&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream{path_ / file} << text;
  }
  [[nodiscard]] std::string path(const std::string& inside = "") const {
    return inside.empty() ? path_.string() : (path_ / inside).string();
  }
  /// What loading says, a problem a line, with this folder's own path cut away.
  [[nodiscard]] std::string problems_of(const LoadedSchemas& loaded) const {
    std::string text;
    for (const auto& problem : loaded.problems) {
      auto line = problem.text();
      if (line.starts_with(path() + "/")) line.erase(0, path().size() + 1);
      text += line + "\n";
    }
    return text;
  }

 private:
  std::filesystem::path path_;
};

/// The set of one file `text`, which must be right.
inline SchemaSet schemas_from(const std::string& text) {
  ProtoFolder folder;
  folder.write("test.proto", text);
  auto loaded = load_schemas({folder.path()});
  if (!loaded.problems.empty()) throw std::runtime_error{loaded.problems.front().text()};
  return std::move(loaded.schemas);
}

}  // namespace reel
