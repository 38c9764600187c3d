#pragma once

#include "flow/connector/sink.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace flow::testing {

class LedgerWriter;

/// An outside system with two-phase writes, as durable as such systems are: what was prepared
/// stays, invisible, until it is committed or found unwanted by a recovery. It survives crashes of
/// the program under test.
///
/// Thread: thread-safe.
class Ledger {
 public:
  /// Rows that can be seen, as text, in the order of their commits.
  [[nodiscard]] std::vector<std::string> rows() const;
  /// The same, sorted: a multiset.
  [[nodiscard]] std::vector<std::string> sorted_rows() const;
  [[nodiscard]] std::size_t commits() const;
  [[nodiscard]] std::size_t finishes() const;
  /// Writers take nothing from now on; thaw() lets them go on (they are woken by the next I/O job).
  void freeze() { set_frozen(true); }
  void thaw() { set_frozen(false); }
  /// Lets one of the subtasks that have a writer fail as soon as its I/O gets to it, with an error
  /// that a restart may help against; nothing if there is none, or if it never prepared anything.
  /// In a step runtime only, where everything is one thread.
  void break_a_writer();

 private:
  friend class LedgerWriter;
  friend class LedgerSink;
  void set_frozen(bool frozen);

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> prepared_;
  std::map<std::string, std::size_t> committed_;
  std::vector<std::string> rows_;
  std::size_t finishes_ = 0;
  std::vector<LedgerWriter*> writers_;  // in the order they were opened
  bool frozen_ = false;
};

std::shared_ptr<const Sink> ledger_sink(Ledger& ledger);

}  // namespace flow::testing
