#include "cli/config_file.h"

#include "cli/invocation.h"
#include "config/mesh.h"

namespace reel::cli {

config::Model load_config(const std::string& path) {
  try {
    return config::load_mesh(path).model;
  } catch (const config::ConfigError& error) {
    throw Failure{exit_code::refused, error.what()};
  }
}

}  // namespace reel::cli
