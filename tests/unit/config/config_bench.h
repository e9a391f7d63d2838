// Reads YAML texts as reel.yaml and says what came of it, as text.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "config/load.h"

namespace reel::config {

/// A compiler of schemas that knows these types and never fails.
inline SchemaLoader knows(std::set<std::string> types) {
  return [types = std::move(types)](const auto&) { return Schemas{types, {}}; };
}

/// The whole report, or "valid".
inline std::string problems_of(std::string_view text, const SchemaLoader& schemas = {}) {
  try {
    (void)parse(text, "reel.yaml", schemas);
    return "valid";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

/// The report of a file with one problem, without the closing count; or the whole report.
inline std::string problem_of(std::string_view text, const SchemaLoader& schemas = {}) {
  auto report = problems_of(text, schemas);
  constexpr std::string_view count = "reel.yaml: 1 problem";
  if (report.ends_with(count)) report.resize(report.size() - count.size());
  return report;
}

/// A folder of its own that goes away with it.
class TempDir {
 public:
  TempDir() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            ("reel-config-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace reel::config
