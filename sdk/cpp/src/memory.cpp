#include "reel/memory.h"

#include <cstdlib>  // which says whose libc it is

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace reel {

void keep_freed_memory() noexcept {
#ifdef __GLIBC__
  constexpr int kept_bytes_max = 64 << 20;
  constexpr int mapped_bytes_min = 32 << 20;  // malloc takes no more
  mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
  mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
#endif
}

}  // namespace reel
