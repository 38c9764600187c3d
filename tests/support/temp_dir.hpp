#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace flow::testing {

/// Owns an empty directory under the system's temporary folder and removes it with everything
/// inside.
///
/// FLOW_TEST_KEEP=1 in the environment leaves it in place for a look after a failure.
///
/// Owner: the test.   Thread: actor-confined.   Errors: throws std::filesystem::filesystem_error.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Returns the path of `name` inside the directory.
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

  /// Writes a file, creating its parent folders, and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

  /// Returns the content of a file.
  [[nodiscard]] std::string read(std::string_view name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace flow::testing
