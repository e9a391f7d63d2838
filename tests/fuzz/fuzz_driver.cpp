// Runs a fuzz target as an ordinary test, for compilers without libFuzzer.
//
//   topic_fuzz CORPUS_FOLDER [ROUNDS]
//
// The target sees the empty input, every seed of the folder, every seed cut at every one of its first bytes
// (short reads are where parsers die), and ROUNDS mutations of each seed. The mutations are the same on every
// run and machine: a test that fails today fails tomorrow. An input that crashes the target is left in the
// working directory as crash-TARGET, ready to become a seed and a named unit test.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// There where a sanitizer is linked, which dies its own way.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t rounds_default = 2'000;     // a few seconds per target, sanitizers on
constexpr std::size_t input_bytes_max = 1 << 16;  // mutations do not grow beyond it
constexpr std::size_t cuts_max = 512;

std::string current_input;
std::string crash_file;

// The process is dying of a crash anyway, so a write that a signal handler should not make risks nothing.
void keep_input() {
  if (std::FILE* file = std::fopen(crash_file.c_str(), "wb")) {
    std::fwrite(current_input.data(), 1, current_input.size(), file);
    std::fclose(file);
  }
}

void on_signal(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  current_input = std::move(input);
  // A copy of exactly this size on the heap, so that the sanitizer sees a read of one byte too many.
  const std::vector<std::uint8_t> bytes{current_input.begin(), current_input.end()};
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// splitmix64: small, seedable and the same everywhere, which std's distributions are not.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  /// 0 … limit-1; 0 where the limit is 0.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(next() % limit); }

 private:
  std::uint64_t state_;
};

void mutate_once(std::string& input, const std::string& other, Chance& chance) {
  constexpr std::array<char, 8> telling{0, 1, 0x7f, '\x80', '\xff', '\n', '"', '.'};
  const std::size_t at = chance.below(input.size());
  switch (chance.below(7)) {
    case 0:
      if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << chance.below(8)));
      break;
    case 1:
      if (!input.empty()) input[at] = telling[chance.below(telling.size())];
      break;
    case 2: input.resize(at); break;
    case 3: input.erase(at, 1 + chance.below(16)); break;
    case 4: input.insert(at, 1 + chance.below(16), static_cast<char>(chance.next())); break;
    case 5: input.insert(at, input.substr(chance.below(input.size()), 1 + chance.below(64))); break;
    case 6: input = input.substr(0, at) + other.substr(chance.below(other.size())); break;
  }
  input.resize(std::min(input.size(), input_bytes_max));
}

std::vector<std::string> seeds_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator{folder}) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // the folder's order differs between machines
  std::vector<std::string> seeds{std::string{}};
  for (const auto& file : files) {
    std::ifstream in{file, std::ios::binary};
    seeds.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  }
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [ROUNDS]\n", argv[0]);
    return 2;
  }
  crash_file = "crash-" + std::filesystem::path{argv[0]}.filename().string();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(keep_input);

  const std::vector<std::string> seeds = seeds_of(argv[1]);
  const std::size_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : rounds_default;
  Chance chance{42};
  for (const std::string& seed : seeds) {
    run(seed);
    for (std::size_t cut = 0; cut < std::min(seed.size(), cuts_max); ++cut) run(seed.substr(0, cut));
    for (std::size_t round = 0; round < rounds; ++round) {
      std::string input = seed;
      const std::string& other = seeds[chance.below(seeds.size())];
      for (std::size_t step = 0; step <= chance.below(8); ++step) mutate_once(input, other, chance);
      run(std::move(input));
    }
  }
  std::printf("%zu seeds, %zu mutations of each\n", seeds.size(), rounds);
  return 0;
}
