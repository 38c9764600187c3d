#pragma once

#include "flow/connector/sink.hpp"
#include "flow/record/value.hpp"

#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace flow::memory {

/// Rows that a collecting sink has committed.
///
/// Owner: whoever reads them, shared with the sink.   Thread: thread-safe.
class Collected {
 public:
  /// Rows of committed epochs, in order of commit.
  [[nodiscard]] std::vector<std::vector<Value>> rows() const;
  [[nodiscard]] std::size_t size() const;

  /// For the sink: keeps prepared rows under a number, and commits each number once.
  std::uint64_t prepare(std::vector<std::vector<Value>> rows);
  void commit(std::uint64_t number);

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::vector<std::vector<Value>>> prepared_;
  std::set<std::uint64_t> committed_;
  std::vector<std::vector<Value>> rows_;
};

/// A sink that hands its rows to this process, exactly once as long as the process lives.
std::shared_ptr<const Sink> make_collecting_sink(std::shared_ptr<Collected> into);

}  // namespace flow::memory
