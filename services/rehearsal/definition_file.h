// A file of flow definitions, read to be tried and not to be run: reel.yaml, or one with `flows` alone.
//
//   const DefinitionFile file = read_definitions("reel.yaml");     // throws config::ConfigError
//   file.model.flows
//   file.within("order-fulfilment", 0)                              // "60s", as it was written
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "rehearsal/record.h"

namespace reel::rehearsal {

struct DefinitionFile {
  config::Model model;
  struct Spans {
    std::vector<std::string> expectations;
    std::string whole_flow;
  };
  /// How long each expectation of a definition may take, as the file has it; empty where it says nothing.
  std::map<std::string, Spans, std::less<>> spans;

  /// Every topic it names: under `topics`, and in its flows.
  [[nodiscard]] Record::Topics topics() const;
};

[[nodiscard]] DefinitionFile read_definitions(const std::string& path);
/// The same for a text that was read already.
[[nodiscard]] DefinitionFile parse_definitions(std::string_view text, const std::string& path);

}  // namespace reel::rehearsal
