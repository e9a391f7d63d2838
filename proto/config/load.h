// Reading reel.yaml: the whole model, or everything that is wrong with the file.
//
//   const config::Model model = config::load("configs/shop.yaml", schemas);
//
//   catch (const config::ConfigError& error) { std::cerr << error.what() << '\n'; }
//
//   configs/shop.yaml:14:5: unknown key 'ack_timout' in 'services.payments'
//         ack_timout: 5s
//         ^ did you mean 'ack_timeout'?
//   configs/shop.yaml: 1 problem
//
// Not only the grammar is checked but what the file means: topics, types and fields that are named exist,
// routes do not run in circles, every end of a flow can be reached. Pure functions but for the files they
// read; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace google::protobuf {
class Descriptor;
}

namespace reel::config {

/// The file cannot be used. what() is the whole report for people, several lines, no newline at its end.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The message type of a full name; nullptr where there is none.
using TypeFinder = std::function<const google::protobuf::Descriptor*(const std::string& type)>;

/// What compiling the .proto files gave.
struct Schemas {
  /// Full names of all message types a topic may have: those of the files, google.protobuf's well-known ones
  /// and reel.v1's.
  std::set<std::string> types;
  /// What is wrong with the files, each "file:line:column: what". Added to the report as they are; types are
  /// not checked then.
  std::vector<std::string> problems;
  /// For checking the fields that a pattern names; may be empty. Used while the file is read, no longer.
  TypeFinder find = nullptr;
};

/// Compiles .proto files and folders of them, given by absolute paths that exist. Lets this folder check
/// types without knowing the compiler; the caller's function may keep what it compiled.
using SchemaLoader = std::function<Schemas(const std::vector<std::string>& paths)>;

/// What the file is read for.
enum class Purpose : std::uint8_t {
  run,
  /// For its flow definitions alone, which are tried on events that happened already: `topics` and their
  /// types may be missing, since the events are there, and the keys `definitions` and `cases` belong to
  /// another reader.
  rehearse,
};

/// Reads the file at `path`. Throws ConfigError with every problem, also when the file cannot be read.
/// Without `schemas` topics may have any type and `schemas:` may name what does not exist.
[[nodiscard]] Model load(const std::string& path, const SchemaLoader& schemas = {},
                         Purpose purpose = Purpose::run);

/// The same for a text that was read already; `path` names it in messages, and its folder is what relative
/// paths in the text start from.
[[nodiscard]] Model parse(std::string_view text, const std::string& path = "reel.yaml",
                          const SchemaLoader& schemas = {}, Purpose purpose = Purpose::run);

/// The bytes of the file at `path`, at most one more than a settings file may have. Throws ConfigError.
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace reel::config
