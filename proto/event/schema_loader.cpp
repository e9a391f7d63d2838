// .proto files from disk to a SchemaSet.
//
// protobuf's own Importer knows a file by the one spelling under which a fixed root finds it, so that a file
// imported as "order.proto" here and as "shop/v1/order.proto" there would be two files that define the same
// messages twice. Here a file is known by its place on disk: each is parsed once, its imports are resolved to
// places, and it enters the set under one name, the one that its package spells where the path agrees.
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "event/schema_builder.h"

namespace reel {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

struct Source {
  enum class State { parsed, building, built, broken };

  fs::path path;
  std::string name;
  pb::FileDescriptorProto proto;
  pb::compiler::SourceLocationTable places;
  State state = State::parsed;
};

class ParseErrors : public pb::io::ErrorCollector {
 public:
  ParseErrors(const fs::path& path, std::vector<SchemaProblem>& problems)
      : path_{path}, problems_{problems} {}
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    problems_.push_back({path_.string(), line + 1, line < 0 ? 0 : column + 1, message});
  }

 private:
  const fs::path& path_;
  std::vector<SchemaProblem>& problems_;
};

class BuildErrors : public SchemaBuilder::Errors {
 public:
  BuildErrors(const Source& source, std::vector<SchemaProblem>& problems)
      : source_{source}, problems_{problems} {}
  void AddError(const std::string&, const std::string&, const pb::Message* element, ErrorLocation location,
                const std::string& message) override {
    int line = -1;
    int column = -1;
    source_.places.Find(element, location, &line, &column);
    problems_.push_back({source_.path.string(), line + 1, line < 0 ? 0 : column + 1, message});
  }

 private:
  const Source& source_;
  std::vector<SchemaProblem>& problems_;
};

// "shop.v1" -> shop/v1
fs::path package_path(const std::string& package) {
  auto path = package;
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

// The folder above `folder` from which the rest spells `tail`; nothing where it ends otherwise.
std::optional<fs::path> root_above(fs::path folder, fs::path tail) {
  while (!tail.empty()) {
    if (folder.filename() != tail.filename()) return std::nullopt;
    folder = folder.parent_path();
    tail = tail.parent_path();
  }
  return folder;
}

class Loader {
 public:
  explicit Loader(LoadedSchemas& loaded) : loaded_{loaded}, builder_{loaded.schemas} {}

  void gather(const fs::path& path);
  void build_all();

 private:
  void gather_folder(const fs::path& folder);
  Source* open(const fs::path& path, const fs::path& name_otherwise);
  bool read(const fs::path& path, std::string& text);
  void name(Source& source, const fs::path& name_otherwise);
  std::optional<fs::path> find_import(const Source& from, const std::string& import) const;
  bool resolve_imports(Source& source);
  bool build(Source& source);
  void problem(const fs::path& path, std::string what) {
    loaded_.problems.push_back({path.string(), 0, 0, std::move(what)});
  }
  void problem_at_import(const Source& source, const std::string& import, std::string what);

  LoadedSchemas& loaded_;
  SchemaBuilder builder_;
  std::vector<fs::path> roots_;                          // where imports are looked for
  std::map<fs::path, std::unique_ptr<Source>> sources_;  // by canonical path; null: cannot be read
  std::set<std::string> names_;
};

void Loader::gather(const fs::path& path) {
  std::error_code error;
  const auto place = fs::canonical(path, error);
  if (error) return problem(path, "no such file or folder");
  if (fs::is_directory(place)) {
    roots_.push_back(place);
    return gather_folder(place);
  }
  roots_.push_back(place.parent_path());
  open(place, place.filename());
}

void Loader::gather_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto at =
           fs::recursive_directory_iterator{folder, fs::directory_options::skip_permission_denied, error};
       !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
    std::error_code not_a_file;
    if (at->path().extension() == ".proto" && at->is_regular_file(not_a_file)) files.push_back(at->path());
    if (files.size() > schema_files_max) {
      return problem(folder, "more than " + std::to_string(schema_files_max) + " .proto files");
    }
  }
  if (error) return problem(folder, "cannot be listed: " + error.message());
  if (files.empty()) return problem(folder, "no .proto file in this folder");
  std::sort(files.begin(), files.end());
  for (const auto& file : files) open(file, fs::relative(file, folder));
}

// Reads and parses a file once. Null where it could not be read, which the problems say.
Source* Loader::open(const fs::path& path, const fs::path& name_otherwise) {
  std::error_code error;
  auto place = fs::canonical(path, error);
  if (error) place = path;
  const auto [at, added] = sources_.try_emplace(place);
  if (!added) return at->second.get();

  std::string text;
  if (!read(place, text)) return nullptr;
  auto source = std::make_unique<Source>();
  source->path = place;
  pb::io::ArrayInputStream stream{text.data(), static_cast<int>(text.size())};
  ParseErrors errors{source->path, loaded_.problems};
  pb::io::Tokenizer tokens{&stream, &errors};
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.RecordSourceLocationsTo(&source->places);
  parser.SetRequireSyntaxIdentifier(true);
  if (!parser.Parse(&tokens, &source->proto)) source->state = Source::State::broken;

  name(*source, name_otherwise);
  if (is_built_in_file(source->name)) source->state = Source::State::built;
  at->second = std::move(source);
  return at->second.get();
}

bool Loader::read(const fs::path& path, std::string& text) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (!error && size > schema_file_bytes_max) {
    problem(path, "is " + std::to_string(size) + " bytes long, at most " +
                      std::to_string(schema_file_bytes_max) + " are allowed");
    return false;
  }
  std::ifstream file{path, std::ios::binary};
  std::ostringstream bytes;
  if (!error && file && (size == 0 || bytes << file.rdbuf())) {
    text = std::move(bytes).str();
    return true;
  }
  problem(path, "cannot be read");
  return false;
}

// The name that the package spells, where the folders agree with it; else the one by which it was found.
void Loader::name(Source& source, const fs::path& name_otherwise) {
  const auto package = package_path(source.proto.package());
  const auto root = package.empty() ? std::nullopt : root_above(source.path.parent_path(), package);
  const auto name = root ? package / source.path.filename() : name_otherwise;
  source.name = name.generic_string();
  if (!names_.insert(source.name).second) source.name = source.path.generic_string();
  source.proto.set_name(source.name);
  if (root && std::find(roots_.begin(), roots_.end(), *root) == roots_.end()) roots_.push_back(*root);
}

std::optional<fs::path> Loader::find_import(const Source& from, const std::string& import) const {
  std::error_code error;
  for (const auto& root : roots_) {
    if (fs::is_regular_file(root / import, error)) return root / import;
  }
  for (auto folder = from.path.parent_path();; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / import, error)) return folder / import;
    if (folder == folder.root_path()) return std::nullopt;
  }
}

// Replaces each import by the name of the file it means, which is built before. False where one is missing.
bool Loader::resolve_imports(Source& source) {
  bool resolved = true;
  for (auto& import : *source.proto.mutable_dependency()) {
    if (is_built_in_file(import)) continue;
    const auto found = find_import(source, import);
    if (!found) {
      problem_at_import(source, import, "cannot find the import '" + import + "'");
      resolved = false;
      continue;
    }
    auto* const imported = open(*found, import);
    if (imported == nullptr) {
      resolved = false;
    } else if (imported->state == Source::State::building) {
      problem_at_import(source, import, "the import '" + import + "' closes a circle");
      resolved = false;
    } else if (build(*imported)) {
      import = imported->name;
    } else {
      resolved = false;  // its own problems are told already
    }
  }
  return resolved;
}

bool Loader::build(Source& source) {
  if (source.state == Source::State::parsed) {
    source.state = Source::State::building;
    BuildErrors errors{source, loaded_.problems};
    const bool built = resolve_imports(source) && builder_.add(source.proto, errors);
    source.state = built ? Source::State::built : Source::State::broken;
  }
  return source.state == Source::State::built;
}

void Loader::build_all() {
  std::vector<Source*> gathered;  // building opens further ones
  for (const auto& [path, source] : sources_) {
    if (source) gathered.push_back(source.get());
  }
  for (auto* source : gathered) (void)build(*source);
}

void Loader::problem_at_import(const Source& source, const std::string& import, std::string what) {
  int line = -1;
  int column = -1;
  source.places.FindImport(&source.proto, import, &line, &column);
  loaded_.problems.push_back({source.path.string(), line + 1, line < 0 ? 0 : column + 1, std::move(what)});
}

}  // namespace

LoadedSchemas load_schemas(const std::vector<std::string>& paths) {
  LoadedSchemas loaded;
  Loader loader{loaded};
  for (const auto& path : paths) loader.gather(path);
  loader.build_all();
  return loaded;
}

}  // namespace reel
