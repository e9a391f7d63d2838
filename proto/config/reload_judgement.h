// What a reload would change, told to whoever asks broker or tracker for one, and what in the files speaks
// against it.
#pragma once

#include <cstddef>
#include <string>

#include "config/changes.h"
#include "reel/v1/query.pb.h"

namespace reel::config {

/// Who asks, and why, in bytes: a name and a host, a sentence or two.
inline constexpr std::size_t asker_bytes_max = 256;
inline constexpr std::size_t note_bytes_max = 1'024;

/// Fills `reply` with the wanted file, what `program` would take up at once, and which other programs would
/// need a restart. Returns why `program` cannot do it, in lines for people; empty where the files do not
/// speak against it.
[[nodiscard]] std::string judge_reload(const Model& running, const Model& wanted, Program program,
                                       const v1::ReloadRequest& request, v1::ReloadReply& reply);

}  // namespace reel::config
