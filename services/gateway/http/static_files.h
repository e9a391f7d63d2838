// The files of a folder, in memory: what is served is what was there at the start and nothing else, so no
// request reaches the disk, and no path leads out of the folder.
//
//   const StaticFiles files{"../share/reel/console"};
//   if (auto response = files.answer(request)) …
//
// A page that navigates by itself asks for paths that are no files: those without a dot get index.html.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/http/message.h"

namespace reel::gateway {

/// All files together, and how many. Far beyond a console; a wrong folder ends here, not in memory.
inline constexpr std::size_t static_bytes_max = 64u << 20;
inline constexpr std::size_t static_files_max = 2'000;

class StaticFiles {
 public:
  /// None, where there is no such folder. Throws std::runtime_error where it is too large to be meant.
  explicit StaticFiles(const std::filesystem::path& folder);

  [[nodiscard]] std::size_t count() const { return files_.size(); }
  /// 404 where there is nothing of that path; a page that says so where there are no files at all.
  [[nodiscard]] HttpResponse answer(const HttpRequest& request) const;

 private:
  struct File {
    std::string content_type;
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<const std::string> gzipped;  ///< null where it is not worth it
    std::string tag;
  };
  [[nodiscard]] HttpResponse answer(const std::string& path, const File& file,
                                    const HttpRequest& request) const;

  std::map<std::string, File, std::less<>> files_;  // by path: "/index.html"
};

}  // namespace reel::gateway
