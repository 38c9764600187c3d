#include "progress_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace flow::command {
namespace {

std::string padded(std::string text, std::size_t width, bool right) {
  if (text.size() >= width) return text;
  return right ? std::string(width - text.size(), ' ') + text
               : text + std::string(width - text.size(), ' ');
}

std::string percent(double share) {
  return std::to_string(std::lround(std::clamp(share, 0.0, 1.0) * 100.0)) + " %";
}

std::string seconds(Micros elapsed) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", static_cast<double>(elapsed.count()) / 1e6);
  return text;
}

/// `2008-03-14 09:00`: minutes are enough to watch time pass.
std::string watermark_text(EventTime watermark) {
  auto text = format_timestamp(watermark);
  if (const auto t = text.find('T'); t != std::string::npos) text[t] = ' ';
  return text.substr(0, std::min<std::size_t>(text.size(), 16));
}

std::string node_line(const actors::NodeProgress& node, std::size_t name_width) {
  const bool is_source = node.kind == actors::NodeProgress::Kind::source;
  const bool is_sink = node.kind == actors::NodeProgress::Kind::sink;
  const auto rows = is_sink ? node.rows_in : node.rows_out;
  const auto rate = is_sink ? node.rows_in_per_second : node.rows_out_per_second;
  auto line = "  " + padded(node.name, name_width, false) + padded(format_count(rows), 15, true) +
              (is_source ? " rows in  " : " rows out ") + padded(format_rate(rate), 8, true) + "/s";
  if (is_source && node.watermark > EventTime::min() && node.watermark < EventTime::max()) {
    line += "   watermark " + watermark_text(node.watermark);
  } else {
    line += "   busy " + percent(node.busy);
    if (node.backpressured >= 0.05) line += " · backpressured " + percent(node.backpressured);
  }
  if (node.late_rows != 0) line += " · " + format_count(node.late_rows) + " late";
  if (node.bad_rows != 0) line += " · " + format_count(node.bad_rows) + " set aside";
  return line;
}

}  // namespace

std::string ProgressBlock::redraw(const actors::JobProgress& progress) {
  auto text = erase();
  std::size_t name_width = 12;
  for (const auto& node : progress.nodes) name_width = std::max(name_width, node.name.size() + 1);
  text += progress.job + "  1 job · " + std::to_string(steps_) + " steps · parallelism " +
          std::to_string(parallelism_);
  if (progress.state != actors::JobState::running)
    text += " · " + std::string{actors::to_string(progress.state)};
  if (progress.restarts != 0) text += " · " + std::to_string(progress.restarts) + " restarts";
  text += "\n";
  lines_ = 1;
  for (const auto& node : progress.nodes) {
    text += node_line(node, name_width) + "\n";
    ++lines_;
  }
  return text;
}

std::string ProgressBlock::erase() {
  if (lines_ == 0) return {};
  auto text = "\x1b[" + std::to_string(lines_) + "A\x1b[J";
  lines_ = 0;
  return text;
}

std::string summary_line(const actors::JobResult& result) {
  const auto& progress = result.progress;
  const auto verb = result.state == actors::JobState::finished    ? "done in "
                    : result.state == actors::JobState::stopped   ? "stopped after "
                    : result.state == actors::JobState::cancelled ? "cancelled after "
                                                                  : "failed after ";
  auto line = verb + seconds(progress.elapsed) + " · " + format_count(progress.rows_in) + " in · " +
              format_count(progress.rows_out) + " out · " + std::to_string(result.error ? 1 : 0) +
              " errors";
  if (progress.late_rows != 0) line += " · " + format_count(progress.late_rows) + " late";
  if (progress.bad_rows != 0) line += " · " + format_count(progress.bad_rows) + " set aside";
  constexpr std::size_t kNamed = 3;
  for (std::size_t i = 0; i < std::min(kNamed, result.summaries.size()); ++i)
    line += " · " + result.summaries[i];
  if (result.summaries.size() > kNamed)
    line += " · and " + std::to_string(result.summaries.size() - kNamed) + " more";
  return line + "\n";
}

}  // namespace flow::command
