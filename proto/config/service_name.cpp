#include "config/service_name.h"

namespace reel::config {

std::optional<std::string> check_service_name(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > service_name_bytes_max) {
    return "it is " + std::to_string(name.size()) + " bytes long, at most " +
           std::to_string(service_name_bytes_max) + " are allowed";
  }
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  const auto wrong = name.find_first_not_of(allowed);
  if (wrong == std::string_view::npos) return std::nullopt;
  return "the character at position " + std::to_string(wrong + 1) + " is not one of A-Z a-z 0-9 - _ .";
}

}  // namespace reel::config
