// What in the file reaches outward: an endpoint's URL, a program with its arguments.
#include "config/http_url.h"
#include "config/sections.h"

namespace reel::config {
namespace {

// A command line, not a text.
constexpr std::size_t command_items_max = 100;
constexpr std::size_t command_item_bytes_max = 4'096;

}  // namespace

void read_url(const Value& value, std::string& target) {
  const auto text = value.text();
  if (!text) return;
  if (const auto wrong = check_http_url(*text)) return value.refuse_value(*wrong);
  target = *text;
}

void read_command(const Value& value, std::vector<std::string>& target, const Loading& loading) {
  const auto before = loading.problems.count();
  const auto items = value.list();
  if (items.empty() && loading.problems.count() == before)
    value.refuse("'" + shown(value.path()) + "' must name a program");
  if (items.size() > command_items_max)
    value.refuse("'" + shown(value.path()) + "' has more than " + std::to_string(command_items_max) +
                 " items");
  for (const auto& item : items) {
    const auto text = item.text();
    if (!text) continue;
    if (text->size() > command_item_bytes_max || text->find('\0') != text->npos)
      item.refuse("'" + shown(item.path()) + "' must be at most " + std::to_string(command_item_bytes_max) +
                  " bytes, none of them zero");
    target.push_back(target.empty() ? resolved(*text, loading) : *text);
  }
}

}  // namespace reel::config
