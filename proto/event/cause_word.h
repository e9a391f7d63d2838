// A cause by the name that people and programs are told: "dead_lettered", "unknown".
#pragma once

#include <string>
#include <string_view>

#include "reel/v1/flow.pb.h"

namespace reel {

[[nodiscard]] inline std::string cause_word(v1::CauseKind kind) {
  std::string name = v1::CauseKind_Name(kind);
  if (name.empty()) return "unknown";  // of a later version
  name.erase(0, std::string_view{"CAUSE_"}.size());
  for (char& byte : name) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return name;
}

}  // namespace reel
