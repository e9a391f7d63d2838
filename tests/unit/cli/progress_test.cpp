#include "cli/progress.h"

#include <doctest/doctest.h>

using namespace reel::cli;
using namespace std::chrono_literals;

TEST_CASE("a progress bar says how far, how many and how fast") {
  CHECK(progress_text(50, 100, 2'048, 2s) == "[###############               ]  50%  2,048 events  1,024/s");
  CHECK(progress_text(100, 100, 1, 0s) == "[##############################] 100%  1 event  0/s");
  CHECK(progress_text(120, 100, 1'000'000, 1s) ==
        "[##############################] 100%  1,000,000 events  1,000,000/s");
  CHECK(progress_text(50, 0, 7, 1s) == "7 events  7/s");
}
