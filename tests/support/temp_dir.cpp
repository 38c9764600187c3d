#include "support/temp_dir.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace flow::testing {

namespace fs = std::filesystem;

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "flow-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw fs::filesystem_error("cannot create a temporary directory", name,
                               std::error_code(errno, std::generic_category()));
  }
  path_ = name;
}

TempDir::~TempDir() {
  const char* keep = std::getenv("FLOW_TEST_KEEP");
  if (keep != nullptr && *keep != '\0') return;
  std::error_code ignored;  // a directory that stays behind must not fail a test
  fs::remove_all(path_, ignored);
}

fs::path TempDir::write(std::string_view name, std::string_view content) const {
  const fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out)
    throw fs::filesystem_error("cannot write", file, std::make_error_code(std::errc::io_error));
  return file;
}

std::string TempDir::read(std::string_view name) const {
  const fs::path file = path_ / name;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw fs::filesystem_error("cannot read", file,
                               std::make_error_code(std::errc::no_such_file_or_directory));
  }
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace flow::testing
