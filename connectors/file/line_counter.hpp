#pragma once

#include "byte_stream.hpp"

#include "flow/connector/io.hpp"

#include <memory>
#include <optional>
#include <string>

namespace flow::file {

/// Counts the line breaks in front of a place in an uncompressed file, through the I/O executor.
/// What was counted last is gone on from: a reader whose splits ascend reads no byte twice.
///
/// Owner: a FileReader.   Thread: actor-confined; what runs elsewhere is shared with the jobs only.
class LineCounter {
 public:
  explicit LineCounter(const ConnectorContext& context);
  ~LineCounter();
  LineCounter(const LineCounter&) = delete;
  LineCounter& operator=(const LineCounter&) = delete;

  /// Line breaks before `byte`, or nothing yet: wake is called when it is worth asking again, with
  /// the same place.
  /// Errors: those of open_stream.
  Result<std::optional<std::uint64_t>> before(const FileSplit& split, std::uint64_t byte);

 private:
  struct Job;
  void submit();

  FileSystem& files_;
  IoExecutor& io_;
  std::function<void()> wake_;
  std::shared_ptr<Job> job_;  ///< Shared with the job under way.
  std::shared_ptr<bool> alive_;
  bool busy_ = false;
};

}  // namespace flow::file
