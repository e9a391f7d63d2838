// How a reader of the journal judges the `when` of subscriptions: as the broker did, by the schemas that it
// has now.
//
//   Interests interests{content_filter(Catalog::fetch(globals))};
//
// `unknown` where the broker might have judged otherwise: the payload's type is not among today's schemas, or
// they cannot read it, and the pattern looks at it.
#pragma once

#include "cli/audit/interests.h"
#include "cli/catalog.h"

namespace reel::cli {

[[nodiscard]] ContentFilter content_filter(Catalog catalog);

}  // namespace reel::cli
