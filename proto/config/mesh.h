// A mesh as its YAML file describes it: the settings, and the types they name, compiled.
//
//   const config::Mesh mesh = config::load_mesh("configs/shop.yaml");   // throws ConfigError with every
//   problem mesh.schemas.find(mesh.model.topics.at("order.placed").type)
//
// What a program starts from. Immutable; safe to read from any thread.
#pragma once

#include <string>

#include "config/load.h"
#include "event/schema_set.h"

namespace reel::config {

struct Mesh {
  Model model;
  SchemaSet schemas;
};

[[nodiscard]] Mesh load_mesh(const std::string& path);

}  // namespace reel::config
