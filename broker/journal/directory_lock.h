// Keeps a directory for one broker: a lock that the system takes back when the process ends, however it ends.
#pragma once

#include <filesystem>

#include "journal/file.h"

namespace reel::broker {

class DirectoryLock {
 public:
  /// Makes the directory where there is none. Throws JournalError where another broker uses it.
  explicit DirectoryLock(const std::filesystem::path& directory);

 private:
  File file_;
};

}  // namespace reel::broker
