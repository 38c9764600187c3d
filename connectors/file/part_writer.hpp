#pragma once

#include "output_directory.hpp"

#include "flow/format/text_buffer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace flow::file {

/// Compresses a file piece by piece.   Thread: blocking; used by one I/O job at a time.
class Compressor {
 public:
  virtual ~Compressor() = default;
  virtual void add(std::string_view text, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
};
std::unique_ptr<Compressor> make_compressor(Compression compression);

/// Writes the parts of one sink subtask under their hidden names.
///
/// Thread: blocking; used by one I/O job at a time.
/// Errors: output_failed, disk_full.
class PartWriter {
 public:
  struct Plan {
    std::string node;
    std::string lineage;
    std::uint32_t attempt = 0;
    std::uint32_t subtask = 0;
    Compression compression = Compression::none;
    ByteCount roll_bytes = 128_MiB;
    std::optional<Micros> roll_interval;
    std::string head;  ///< What every part begins with.
    bool resumable = true;
  };
  PartWriter(FileSystem& files, FailurePoints& points, std::shared_ptr<OutputDirectory> directory,
             Plan plan)
      : files_{files}, points_{points}, directory_{std::move(directory)}, plan_{std::move(plan)} {}

  /// Appends whole rows; begins a part if none is open, ends it if it is full or old.
  Status append(std::string_view text, std::chrono::nanoseconds now);
  /// Makes everything appended so far durable and gives away the parts.
  Result<Prepared> seal();
  /// Forgets which number comes next: others may have been made visible.
  void renumber() { next_part_.reset(); }

 private:
  Status number_parts();
  Status open_part(std::chrono::nanoseconds now);
  Status close_part();
  Status write(std::string_view bytes);
  Error describe(const Error& cause, const std::string& what) const;

  FileSystem& files_;
  FailurePoints& points_;
  std::shared_ptr<OutputDirectory> directory_;
  Plan plan_;
  std::optional<std::uint64_t> next_part_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<Compressor> compressor_;
  std::string compressed_;
  PreparedPart part_;
  std::chrono::nanoseconds opened_{};
  std::vector<PreparedPart> closed_;
};

}  // namespace flow::file
