// What the broker says of itself, held against the naive one: what became of each event, how each service
// stands, its dead letters, and in the end what `reel verify` makes of the whole log.
#pragma once

#include <string>
#include <vector>

#include "naive_broker.h"

namespace reel::broker::test {

/// Asks the broker; says what is not so, "" where everything is. Only where nothing waits for the disk.
[[nodiscard]] std::string wrong_fates(World& world, const NaiveBroker& model,
                                      const std::vector<NaiveBroker::Place>& places);
[[nodiscard]] std::string wrong_services(World& world, const NaiveBroker& model);

/// Asks nobody: the log from its first event on.
[[nodiscard]] std::string wrong_books(const std::vector<Logged>& log);

}  // namespace reel::broker::test
