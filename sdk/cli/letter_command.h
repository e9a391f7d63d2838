// Commands about letters, few or many: redrive and discard of dead ones, now and give-up of retries.
//
// First everything that is meant is gathered and said; then, if it is wanted, the broker is told portion by
// portion, so that a hundred thousand letters neither fill a frame nor come back all at once.
#pragma once

#include <memory>

#include "cli/invocation.h"
#include "cli/selection.h"

namespace reel::cli {

enum class LetterVerb { redrive, discard, retry_now, give_up };

/// Adds the verb as a sub-command of `noun` (dead or retries). What is selected is the noun's too, so that a
/// filter means the same before and behind the verb.
void add_letter_command(CLI::App& noun, Invocation& invocation, LetterVerb verb,
                        const std::shared_ptr<Selection>& selection);

}  // namespace reel::cli
