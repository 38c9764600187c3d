#include "job/job_progress.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace flow::actors {
namespace {

constexpr std::chrono::milliseconds kLeastInterval{200};
/// Epochs in a row that may fail before the counts of some are forgotten.
constexpr std::size_t kMostEpochs = 64;

}  // namespace

ProgressSum::ProgressSum(const ExecutionPlan& plan, const Wiring& wiring) : wiring_{wiring} {
  std::map<std::string, std::size_t> by_name;
  std::map<std::size_t, Place*> last_of;
  places_.resize(plan.chains.size());
  for (std::size_t c = 0; c < plan.chains.size(); ++c)
    places_[c].resize(plan.chains[c].links.size());
  for (std::size_t c = 0; c < plan.chains.size(); ++c) {
    for (std::size_t l = 0; l < plan.chains[c].links.size(); ++l) {
      const auto& link = plan.chains[c].links[l];
      const auto [at, fresh] = by_name.try_emplace(link.node, empty_.size());
      auto& place = places_[c][l];
      place.node = at->second;
      if (fresh) {
        NodeProgress node;
        node.name = link.node;
        node.kind = std::holds_alternative<PlannedSource>(link.what) ? NodeProgress::Kind::source
                    : std::holds_alternative<PlannedSink>(link.what) ? NodeProgress::Kind::sink
                                                                     : NodeProgress::Kind::step;
        empty_.push_back(std::move(node));
        place.first = true;
      }
      place.last = true;
      if (auto& previous = last_of[place.node]; previous != nullptr) previous->last = false;
      last_of[place.node] = &place;
    }
  }
  base_.resize(empty_.size());
}

void ProgressSum::add(const WiredSubtask& subtask, const SubtaskReport& report,
                      std::vector<Counts>& into) const {
  const auto& places = places_[subtask.chain];
  for (std::size_t l = 0; l < places.size() && l < report.links.size(); ++l) {
    const auto& link = report.links[l];
    auto& counts = into[places[l].node];
    if (places[l].first) counts.rows_in += link.rows_in;
    if (places[l].last) counts.rows_out += link.rows_out;
    counts.bytes += link.bytes;
    counts.bad_rows += link.bad_rows;
  }
}

void ProgressSum::at_barrier(Epoch epoch, SubtaskNumber subtask, const SubtaskReport& report) {
  const auto at = at_barriers_.try_emplace(epoch, base_).first;
  add(wiring_.subtasks[subtask.value], report, at->second);
  // The first is the one to fall back to.
  if (at_barriers_.size() > kMostEpochs) at_barriers_.erase(std::next(at_barriers_.begin()));
}

void ProgressSum::forget_before(Epoch epoch) {
  at_barriers_.erase(at_barriers_.begin(), at_barriers_.lower_bound(epoch));
}

void ProgressSum::begin_attempt(std::optional<Epoch> restored) {
  last_.reset();
  auto kept = restored ? at_barriers_.extract(*restored) : decltype(at_barriers_)::node_type{};
  base_ = kept ? kept.mapped() : std::vector<Counts>(empty_.size());
  // What came behind it is done again, maybe under the same numbers.
  at_barriers_.clear();
  if (kept) at_barriers_.insert(std::move(kept));
}

void ProgressSum::add_up(const std::vector<std::optional<SubtaskReport>>& reports,
                         std::chrono::nanoseconds now, JobProgress& into) {
  auto nodes = empty_;
  auto counts = base_;
  Sample sample;
  sample.at = now;
  sample.nodes.resize(nodes.size());
  std::vector<bool> has_watermark(nodes.size());
  into.dropped_messages = 0;
  for (const auto& subtask : wiring_.subtasks) {
    const auto& report = reports[subtask.id.value];
    if (!report) continue;
    into.dropped_messages += report->dropped_messages;
    add(subtask, *report, counts);
    const auto& places = places_[subtask.chain];
    for (std::size_t l = 0; l < places.size() && l < report->links.size(); ++l) {
      const auto& place = places[l];
      const auto& link = report->links[l];
      auto& node = nodes[place.node];
      if (place.first) ++node.subtasks;
      if (place.last) {
        node.watermark =
            has_watermark[place.node] ? std::min(node.watermark, link.watermark) : link.watermark;
        has_watermark[place.node] = true;
        auto& at = sample.nodes[place.node];
        at.busy_ns += report->busy_ns;
        at.idle_ns += report->idle_ns;
        at.backpressured_ns += report->backpressured_ns;
      }
      node.late_rows += link.late_rows;
      node.state_bytes += link.state_bytes;
    }
  }
  into.rows_in = into.rows_out = into.late_rows = into.bad_rows = 0;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    auto& node = nodes[n];
    node.rows_in = counts[n].rows_in;
    node.rows_out = counts[n].rows_out;
    node.bytes = counts[n].bytes;
    node.bad_rows = counts[n].bad_rows;
    sample.nodes[n].rows_in = node.rows_in;
    sample.nodes[n].rows_out = node.rows_out;
    if (node.kind == NodeProgress::Kind::source) into.rows_in += node.rows_in;
    if (node.kind == NodeProgress::Kind::sink) into.rows_out += node.rows_out;
    into.late_rows += node.late_rows;
    into.bad_rows += node.bad_rows;
  }
  const bool over = is_final(into.state);
  const bool fresh = over || !last_ || now - last_->at >= kLeastInterval;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    auto& node = nodes[n];
    if (!fresh) {
      if (n >= last_rates_.size()) continue;
      const auto& rates = last_rates_[n];
      node.rows_in_per_second = rates.rows_in_per_second;
      node.rows_out_per_second = rates.rows_out_per_second;
      node.busy = rates.busy;
      node.idle = rates.idle;
      node.backpressured = rates.backpressured;
      continue;
    }
    const auto& to = sample.nodes[n];
    const auto from = last_ && !over ? last_->nodes[n] : Sample::Node{};
    const auto grown = [](std::uint64_t a, std::uint64_t b) {
      return static_cast<double>(b > a ? b - a : 0);
    };
    const auto seconds = std::chrono::duration<double>(over ? std::chrono::nanoseconds{into.elapsed}
                                                       : last_ ? now - last_->at
                                                               : std::chrono::nanoseconds{})
                             .count();
    if (seconds > 0) {
      node.rows_in_per_second = grown(from.rows_in, to.rows_in) / seconds;
      node.rows_out_per_second = grown(from.rows_out, to.rows_out) / seconds;
    }
    const auto busy = grown(from.busy_ns, to.busy_ns);
    const auto idle = grown(from.idle_ns, to.idle_ns);
    const auto backpressured = grown(from.backpressured_ns, to.backpressured_ns);
    if (const auto all = busy + idle + backpressured; all > 0) {
      node.busy = busy / all;
      node.idle = idle / all;
      node.backpressured = backpressured / all;
    }
  }
  if (fresh) {
    last_ = std::move(sample);
    last_rates_ = nodes;
  }
  into.nodes = std::move(nodes);
}

}  // namespace flow::actors
