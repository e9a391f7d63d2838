// Where a history's bytes come from: a file or standard input, plain or compressed by gzip.
//
//   Unpacked bytes{bytes_of("history.jsonl.gz")};     // "-": standard input. Throws HistoryError
//   while (const std::size_t got = bytes.read(buffer)) …
//   if (!bytes.damage().empty()) …                    // "the gzip data is damaged", and nothing follows
//
// Whether it is compressed is told by its first two bytes, not by its name; files of several gzip members, as
// `cat a.gz b.gz` makes them, are one history. One block is held in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace reel::rehearsal {

/// The file cannot be read; one sentence.
struct HistoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Fills a buffer and says how many bytes it put there; 0 at the end. May throw HistoryError.
using ByteSource = std::function<std::size_t(std::span<char> to)>;

/// Throws HistoryError where there is no such file.
[[nodiscard]] ByteSource bytes_of(const std::string& path);

class Unpacked {
 public:
  explicit Unpacked(ByteSource source);
  ~Unpacked();
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  /// 0 at the end, and at damage.
  [[nodiscard]] std::size_t read(std::span<char> to);
  /// Why what was read is not all; empty where it is.
  [[nodiscard]] const std::string& damage() const { return damage_; }

 private:
  struct Inflation;

  void begin();
  bool refill();
  std::size_t inflated(std::span<char> to);
  bool next_member();
  std::size_t give_up(std::string why);

  ByteSource source_;
  std::vector<char> block_;
  std::string_view rest_;                 // of the block
  std::unique_ptr<Inflation> inflation_;  // none: plain
  bool begun_ = false;
  std::string damage_;
};

}  // namespace reel::rehearsal
