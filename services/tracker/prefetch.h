// Has the processor fetch what will be needed soon, while it does something else.
#pragma once

namespace reel::tracker {

inline void prefetch(const void* at) {
  __builtin_prefetch(at);
  // GCC takes a function that does nothing else for one without effect, and leaves out calls of it.
  asm volatile("");
}

}  // namespace reel::tracker
