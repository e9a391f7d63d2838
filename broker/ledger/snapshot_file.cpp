// Format: "REELSNP1", XXH3-64 of the rest (8 bytes, little-endian), reel.v1.Snapshot.
#include "ledger/snapshot_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "journal/file.h"

namespace reel::broker {
namespace {

constexpr std::string_view magic = "REELSNP1";
constexpr std::size_t head_bytes = 16;

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<std::string> write_snapshot(const std::filesystem::path& path, const v1::Snapshot& snapshot,
                                          std::uint64_t bytes_max) {
  std::string body;
  const std::uint64_t size = snapshot.ByteSizeLong();
  if (size > bytes_max || !snapshot.SerializeToString(&body)) {
    return "cannot write " + path.string() + ": the state has " + std::to_string(size) +
           " bytes, and a snapshot at most " + std::to_string(bytes_max) +
           "; discard or redrive dead letters and what is parked behind them";
  }
  const std::uint64_t checksum = XXH3_64bits(body.data(), body.size());
  std::string bytes{magic};
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  bytes += body;

  const auto fresh = path.string() + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = file >= 0 && write_all(file, bytes) && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = written ? errno : error;
    ::unlink(fresh.c_str());
    return "cannot write " + path.string() + ": " + std::strerror(why);
  }
  try {
    sync_directory(path.has_parent_path() ? path.parent_path() : ".");  // or the old name may come back
  } catch (const JournalError& failure) {
    return failure.what();
  }
  return std::nullopt;
}

SnapshotRead read_snapshot(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return {};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  std::uint64_t checksum = 0;
  if (bytes.size() >= head_bytes) std::memcpy(&checksum, bytes.data() + magic.size(), sizeof checksum);
  v1::Snapshot snapshot;
  if (bytes.size() < head_bytes || bytes.size() - head_bytes > snapshot_bytes_max ||
      !bytes.starts_with(magic) ||
      checksum != XXH3_64bits(bytes.data() + head_bytes, bytes.size() - head_bytes) ||
      !snapshot.ParseFromArray(bytes.data() + head_bytes, static_cast<int>(bytes.size() - head_bytes))) {
    return {std::nullopt,
            path.string() + " is broken and was ignored; state is rebuilt from the whole journal"};
  }
  return {std::move(snapshot), {}};
}

}  // namespace reel::broker
