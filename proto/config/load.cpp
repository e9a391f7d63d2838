// From a path to a Model: read, parse, walk the sections, report.
#include "config/load.h"

#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "config/sections.h"
#include "config/yaml_tree.h"

namespace reel::config {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_read(const std::string& path, const std::string& why) {
  throw ConfigError{path + ": cannot be read: " + why};
}

std::string digest_of(std::string_view text) {
  constexpr std::size_t digest_bytes = 6;
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
  std::string digest;
  for (std::size_t i = 0; i < digest_bytes; ++i) {
    constexpr char hex[] = "0123456789abcdef";
    digest += hex[canonical.digest[i] >> 4];
    digest += hex[canonical.digest[i] & 0xf];
  }
  return digest;
}

// The paths under `schemas`, and what their files define.
void read_schemas(Section& root, Loading& loading, const SchemaLoader& compile) {
  bool all_exist = true;
  for (const auto& item : root.list("schemas")) {
    const auto path = item.text();
    if (!path) continue;
    auto absolute = resolved(*path, loading);
    std::error_code unknown;
    if (compile && !fs::exists(absolute, unknown)) {
      item.refuse_value("no such file or folder: " + absolute);
      all_exist = false;
      continue;
    }
    loading.model.schemas.push_back(std::move(absolute));
  }
  if (!compile) return;
  auto schemas = compile(loading.model.schemas);
  for (auto& problem : schemas.problems) loading.problems.add_foreign(std::move(problem));
  if (!schemas.problems.empty() || !all_exist) return;
  loading.types = std::move(schemas.types);
  loading.find_type = std::move(schemas.find);
}

void read_root(const Node& node, Loading& loading, const SchemaLoader& compile) {
  if (node.kind == NodeKind::null) return loading.problems.add({}, "the file is empty");
  if (node.kind != NodeKind::map) {
    return loading.problems.add(node.place, std::string{"the file must be a map, is a "} +
                                                (node.kind == NodeKind::list ? "list" : "single value"));
  }
  Section root{node, "", node.place, loading.problems};
  read_schemas(root, loading, compile);
  read_topics(root, loading);
  read_routes(root, loading);
  read_alerts(root, loading);
  read_services(root, loading);
  read_flows(root, loading);
  read_programs(root, loading);
  if (loading.purpose == Purpose::run) warn_of_retention(loading);
  read_traces(root, loading);
  if (loading.purpose == Purpose::rehearse) {
    (void)root.find("definitions");
    (void)root.find("cases");
  }
}

}  // namespace

// One byte more than is allowed, so that parse() can tell; works for pipes too, which have no size.
std::string read_text(const std::string& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) cannot_read(path, "it is a folder");
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) cannot_read(path, errno == ENOENT ? "no such file" : std::strerror(errno));
  std::string text(file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) cannot_read(path, std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string resolved(const std::string& path, const Loading& loading) {
  auto absolute = (loading.folder / path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "data/" is "data"
  return absolute.string();
}

Model parse(std::string_view text, const std::string& path, const SchemaLoader& schemas, Purpose purpose) {
  if (text.size() > file_bytes_max)
    throw ConfigError{path + ": is larger than " + to_text(sizes, file_bytes_max) +
                      ", which no settings file is"};
  Model model;
  model.path = path;
  model.digest = digest_of(text);

  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Problems problems{path, text};
  Loading loading{model, problems, fs::absolute(path).parent_path(), {}};
  loading.purpose = purpose;
  const Node root = parse_yaml(text, problems);
  if (root.kind != NodeKind::alias) read_root(root, loading, schemas);
  if (!problems.empty()) throw ConfigError{problems.report()};
  model.warnings = problems.warnings();
  return model;
}

Model load(const std::string& path, const SchemaLoader& schemas, Purpose purpose) {
  return parse(read_text(path), path, schemas, purpose);
}

}  // namespace reel::config
