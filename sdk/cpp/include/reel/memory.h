// What a process that takes hundreds of thousands of events a second pays for its memory.
//
//   int main() {
//     reel::keep_freed_memory();
//     reel::Service payments{"payments"};
#pragma once

namespace reel {

/// Has malloc keep the memory of freed frames for the next ones, up to 64 MiB, and map nothing below 32 MiB
/// by itself. Frames of hundreds of kilobytes come and go thousands of times a second; as malloc is, it gives
/// their memory back in between, and every page of each is a fault: a quarter of a busy service's CPU
/// (docs/performance.md). Concerns the whole process, so the SDK does not do it by itself: call it once,
/// first thing in main(). The environment can say the same, MALLOC_TRIM_THRESHOLD_=67108864
/// MALLOC_MMAP_THRESHOLD_=33554432. Does nothing where malloc is not glibc's.
void keep_freed_memory() noexcept;

}  // namespace reel
