// Reading reel.yaml together with its .proto files, as the daemons do.
//
//   const config::Model model = load_config("configs/shop.yaml");   // throws Failure with the whole report
#pragma once

#include <string>

#include "config/model.h"

namespace reel::cli {

[[nodiscard]] config::Model load_config(const std::string& path);

}  // namespace reel::cli
