#pragma once

#include "flow/operators/chain.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// What left a chain on one edge, in order.
struct OutputEvent {
  enum class Kind { batch, watermark, idle, end };
  Kind kind = Kind::batch;
  Batch batch;
  EventTime watermark;
};

/// Records what leaves a chain; its room is set by the test: unlimited, or so many batches per
/// edge.
class RecordedOutput final : public ChainOutput {
 public:
  explicit RecordedOutput(std::uint32_t edges) : edges_(edges) {}

  [[nodiscard]] bool has_room(std::uint32_t edge) const override {
    return !edges_[edge].room || *edges_[edge].room > 0;
  }
  void emit(std::uint32_t edge, Batch batch) override;
  void emit_watermark(std::uint32_t edge, EventTime watermark) override;
  void emit_idle(std::uint32_t edge) override;
  void emit_end(std::uint32_t edge) override;

  /// So many more batches; nullopt = any number.
  void set_room(std::uint32_t edge, std::optional<std::int64_t> batches) {
    edges_[edge].room = batches;
  }
  [[nodiscard]] const std::vector<OutputEvent>& events(std::uint32_t edge) const {
    return edges_[edge].events;
  }
  [[nodiscard]] std::vector<Batch> batches(std::uint32_t edge) const;
  /// Batches, `w12`, `idle`, `end` as text, batches as the rows' first column: `1,2 w12 3 idle
  /// end`.
  [[nodiscard]] std::string text(std::uint32_t edge) const;
  [[nodiscard]] std::uint32_t edges() const { return static_cast<std::uint32_t>(edges_.size()); }
  void clear();

 private:
  struct Edge {
    std::vector<OutputEvent> events;
    std::optional<std::int64_t> room;
  };
  std::vector<Edge> edges_;
};

}  // namespace flow::testing
