// Any bytes as a spool's segment and position: it opens, gives what can be read, and is empty in the end.
//
// The first byte says how much help the bytes get: bit 0 gives each record a good checksum, bit 1 makes the
// next eight bytes the position.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "event/uuid.h"
#include "spool.h"

namespace {

namespace fs = std::filesystem;
using namespace reel::sdk;

struct TempDirectory {
  fs::path path = fs::temp_directory_path() / ("reel-spool-fuzz-" + std::to_string(::getpid()));
  TempDirectory() { fs::create_directories(path); }
  ~TempDirectory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void make_records_good(std::string& bytes) {
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    const auto size = std::min<std::size_t>(static_cast<unsigned char>(bytes[at]), bytes.size() - at - 8);
    const auto check = reel::hash_128({std::string_view{bytes}.substr(at + 8, size)}).low;
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at + i] = static_cast<char>(size >> 8 * i & 0xff);
      bytes[at + 4 + i] = static_cast<char>(check >> 8 * i & 0xff);
    }
    at += 8 + size;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const TempDirectory folder;
  if (size == 0) return 0;
  std::string bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  for (const auto& entry : fs::directory_iterator{folder.path}) fs::remove(entry.path());
  if ((data[0] & 2) != 0 && bytes.size() >= 8) {
    const std::uint64_t segment = 7;
    std::ofstream position{folder.path / "position", std::ios::binary};
    position.write(reinterpret_cast<const char*>(&segment), 8).write(bytes.data(), 8);
    bytes.erase(0, 8);
  }
  if ((data[0] & 1) != 0) make_records_good(bytes);
  std::ofstream{folder.path / "00000000000000000007.spool", std::ios::binary} << bytes;

  std::uint64_t events = 0;
  {
    Spool spool{folder.path, 1u << 20};
    events = spool.events();
    if (spool.prepend({"first"}) || spool.append("last")) std::abort();
    if (spool.events() != events + 2) std::abort();
  }
  Spool spool{folder.path, 1u << 20};
  if (spool.events() != events + 2 || spool.read(1u << 20).size() != events + 2) std::abort();
  spool.advance(events + 2);
  if (!spool.empty() || spool.bytes() != 0) std::abort();
  return 0;
}
