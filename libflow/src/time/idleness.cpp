#include "flow/time/idleness.hpp"

namespace flow {

void IdlenessDetector::on_rows(Nanos now) noexcept {
  counted_ = {};
  if (since_) since_ = now;
}

void IdlenessDetector::on_starved(Nanos now) noexcept {
  if (!since_) since_ = now;
}

void IdlenessDetector::on_blocked(Nanos now) noexcept {
  if (!since_) return;
  counted_ += now - *since_;
  since_.reset();
}

bool IdlenessDetector::is_idle(Nanos now) const noexcept {
  if (!timeout_) return false;
  const auto running = since_ ? now - *since_ : Nanos{};
  return counted_ + running >= *timeout_;
}

std::optional<IdlenessDetector::Nanos> IdlenessDetector::idle_at() const noexcept {
  if (!timeout_ || !since_ || counted_ >= *timeout_) return std::nullopt;
  return *since_ + (*timeout_ - counted_);
}

}  // namespace flow
