// How much memory the program has allocated, by malloc's own books.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace reel::test {

// A sanitizer has an allocator of its own, which keeps none.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool no_memory_books = true;
#else
inline constexpr bool no_memory_books = false;
#endif

inline std::size_t allocated_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace reel::test
