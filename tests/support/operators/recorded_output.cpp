#include "support/operators/recorded_output.hpp"

#include "flow/record/value.hpp"

namespace flow::testing {

void RecordedOutput::emit(std::uint32_t edge, Batch batch) {
  auto& slot = edges_[edge];
  if (slot.room) --*slot.room;
  slot.events.push_back({OutputEvent::Kind::batch, std::move(batch), {}});
}

void RecordedOutput::emit_watermark(std::uint32_t edge, EventTime watermark) {
  edges_[edge].events.push_back({OutputEvent::Kind::watermark, {}, watermark});
}

void RecordedOutput::emit_idle(std::uint32_t edge) {
  edges_[edge].events.push_back({OutputEvent::Kind::idle, {}, {}});
}

void RecordedOutput::emit_end(std::uint32_t edge) {
  edges_[edge].events.push_back({OutputEvent::Kind::end, {}, {}});
}

std::vector<Batch> RecordedOutput::batches(std::uint32_t edge) const {
  std::vector<Batch> all;
  for (const auto& event : edges_[edge].events)
    if (event.kind == OutputEvent::Kind::batch) all.push_back(event.batch);
  return all;
}

std::string RecordedOutput::text(std::uint32_t edge) const {
  std::string text;
  for (const auto& event : edges_[edge].events) {
    if (!text.empty()) text += ' ';
    switch (event.kind) {
      case OutputEvent::Kind::batch: {
        auto first = true;
        for (const auto& row : rows_of(event.batch)) {
          text += (first ? "" : ",") + to_string(row[0]);
          first = false;
        }
        break;
      }
      case OutputEvent::Kind::watermark:
        text += event.watermark == EventTime::max() ? "wmax"
                : event.watermark == EventTime::min()
                    ? "wmin"
                    : "w" + std::to_string(event.watermark.micros);
        break;
      case OutputEvent::Kind::idle:
        text += "idle";
        break;
      case OutputEvent::Kind::end:
        text += "end";
        break;
    }
  }
  return text;
}

void RecordedOutput::clear() {
  for (auto& edge : edges_) edge.events.clear();
}

}  // namespace flow::testing
