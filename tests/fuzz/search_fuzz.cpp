// Foreign conditions on flows, written by people or sent by strangers: parsed, checked, and evaluated with
// every answer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "search/attributes.h"
#include "search/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using reel::search::Truth;
  const std::string input{reinterpret_cast<const char*>(bytes), size};
  const auto [query, error] = reel::search::parse_expression("--where", input);
  if (query.has_value() != error.empty() || error.size() > 10'000) std::abort();
  reel::v1::FlowWhere sent;
  if (query) {
    // What we write ourselves passes our own check.
    sent = query->where;
    if (reel::search::check_where(sent)) std::abort();
    (void)reel::search::misfit(*query, {{"order.placed", nullptr}}, "--where", input);
  } else if (!sent.ParseFromString(input) || reel::search::check_where(sent)) {
    return 0;
  }
  for (const Truth truth : {Truth::no, Truth::unknown, Truth::yes}) {
    const auto answer = reel::search::evaluate(sent.nodes(), [&](const auto&, unsigned) { return truth; });
    if (truth == Truth::unknown && !sent.nodes().empty() && answer != Truth::unknown) std::abort();
  }
  return 0;
}
