// How a reader of the journal judges the `when` of subscriptions: as the broker did, by the schemas that it
// has now.
//
//   Interests interests{content_filter(schemas)};
//
// `unknown` where the broker might have judged otherwise: the payload's type is not among today's schemas, or
// they cannot read it, and the pattern looks at it.
#pragma once

#include <memory>

#include "event/schema_set.h"
#include "story/interests.h"

namespace reel::story {

[[nodiscard]] ContentFilter content_filter(std::shared_ptr<const SchemaSet> schemas);

}  // namespace reel::story
