#include "source/source_feed.hpp"

#include "flow/connector/dead_letter.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {

void SourceFeed::start(bool ended, EventTime said) {
  said_before_ = said;
  if (ended) {
    // The chain knows; its snapshot said so.
    ended_ = true;
    return;
  }
  // The driver has no split and says so when it is asked first.
  dry_ = false;
}

Status SourceFeed::on_splits(const std::vector<SplitAssignment>& splits, bool last) {
  for (const auto& assignment : splits)
    FLOW_TRY(driver_->assign(assignment.split, assignment.position, assignment.seen));
  if (last) driver_->no_more_splits();
  wake();
  return {};
}

void SourceFeed::on_prefix(PrefixDone prefix) {
  driver_->on_prefix(prefix);
  // The driver says a new watermark when it is asked.
  wake();
}

Result<bool> SourceFeed::feed(Chain& chain, std::chrono::nanoseconds now) {
  if (watermark_due_ != EventTime::min()) {
    chain.push_watermark(kRows, std::exchange(watermark_due_, EventTime::min()));
    return true;
  }
  if (idle_due_) {
    idle_due_ = false;
    chain.push_idle(kRows);
    return true;
  }
  if (end_due_) {
    end_due_ = false;
    chain.push_end(kRows);
    if (letters_) chain.push_end(kDeadLetters);
    return true;
  }
  if (ended_) return false;
  if (dry_ && (!not_before_ || now < *not_before_)) return false;
  dry_ = false;
  not_before_.reset();
  FLOW_ASSIGN(auto event, driver_->poll());
  watermark_due_ = event.watermark;
  const auto letters = push_dead_letters(chain);
  switch (event.kind) {
    case SourceEvent::Kind::rows:
      chain.push_batch(kRows, std::move(event.batch));
      return true;
    case SourceEvent::Kind::watermark:
      return true;
    case SourceEvent::Kind::idle:
      idle_due_ = true;
      return true;
    case SourceEvent::Kind::split_done:
      done_.push_back(event.done);
      port_.report_split_done(event.done);
      return true;
    case SourceEvent::Kind::starved:
      port_.request_split();
      return true;
    case SourceEvent::Kind::pending:
      dry_ = true;
      not_before_ = event.not_before;
      return letters;
    case SourceEvent::Kind::ended:
      ended_ = end_due_ = true;
      return true;
  }
  return false;
}

bool SourceFeed::push_dead_letters(Chain& chain) {
  if (!letters_) return false;
  const auto rows = driver_->take_bad_rows();
  if (rows.empty()) return false;
  chain.push_batch(kDeadLetters, make_dead_letters(letters_->source, rows, letters_->clock.wall(),
                                                   letters_->pool));
  return true;
}

SourcePart SourceFeed::part() const {
  SourcePart part{ended_ && !end_due_, std::max(driver_->watermark(), said_before_),
                  driver_->snapshot()};
  part.source.done = done_;
  return part;
}

}  // namespace flow::actors
