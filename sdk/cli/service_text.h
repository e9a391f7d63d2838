// A service's state in words. Pure.
#pragma once

#include <string>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::cli {

/// "until 10:12:11 by ada@shop-1", "by ada@shop-1" where it must be resumed; empty where it is not paused.
[[nodiscard]] std::string paused_text(const v1::ServicesReply::Service& service, std::uint64_t now);

/// "database 2/3, disk 1/3": the checks that fail, and on how many of the instances that make them.
[[nodiscard]] std::string failed_checks_text(const v1::ServicesReply::Service& service);
/// "payments: check 'database' has failed for 40s on 2 of 3 instances, longest on shop-1 (pid 4711): refused"
[[nodiscard]] std::vector<std::string> failed_checks_lines(const v1::ServicesReply::Service& service,
                                                           std::uint64_t now);

/// "forget payments: 7 events waiting for it and 1 dead letter go with it"
[[nodiscard]] std::string forget_text(const v1::ServicesReply::Service& service);

}  // namespace reel::cli
