#include "support/operators/fake_partner.hpp"

#include "flow/record/builder.hpp"
#include "support/batches.hpp"

#include <algorithm>
#include <utility>

namespace flow::testing {
namespace {

class FakeFactory final : public PartnerFactory {
 public:
  explicit FakeFactory(std::shared_ptr<PartnerScript> script) : script_{std::move(script)} {}
  Result<std::unique_ptr<Partner>> open(const OperatorContext&) const override {
    return std::unique_ptr<Partner>{std::make_unique<FakePartner>(*script_)};
  }

 private:
  std::shared_ptr<PartnerScript> script_;
};

}  // namespace

FakePartner::FakePartner(PartnerScript& script) : script_{script} { script_.alive.push_back(this); }
FakePartner::~FakePartner() { std::erase(script_.alive, this); }

void FakePartner::answer(std::uint64_t request, PartnerReply reply) {
  waiting_.push_back({request, std::move(reply)});
  script_.most_out = std::max(script_.most_out, waiting_.size());
}

void FakePartner::send(std::uint64_t request, Batch batch) {
  script_.log.push_back("batch");
  answer(request, {PartnerReply::Kind::batch, script_.answer(batch, state_), {}});
}

void FakePartner::ask_state(std::uint64_t request, Epoch epoch) {
  script_.log.push_back("ask " + std::to_string(epoch.value));
  answer(request, script_.has_state ? PartnerReply{PartnerReply::Kind::state, {}, state_}
                                    : PartnerReply{PartnerReply::Kind::not_understood, {}, {}});
}

void FakePartner::give_state(std::uint64_t request, std::string state) {
  script_.log.push_back("give " + state);
  if (script_.has_state) state_ = std::move(state);
  answer(request,
         {script_.has_state ? PartnerReply::Kind::restored : PartnerReply::Kind::not_understood,
          {},
          {}});
}

void FakePartner::overtake(std::size_t place) {
  std::rotate(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(place),
              waiting_.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  ++may_take_;
}

std::optional<PartnerAnswer> FakePartner::take() {
  if (waiting_.empty()) return std::nullopt;
  std::size_t place = 0;
  if (script_.random != nullptr) {
    if (script_.random->chance(0.4)) return std::nullopt;
    place = script_.random->below(waiting_.size());
  } else if (!script_.answers_at_once) {
    if (may_take_ == 0) return std::nullopt;
    --may_take_;
  }
  auto taken = std::move(waiting_[place]);
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(place));
  return taken;
}

std::shared_ptr<const PartnerFactory> fake_partners(std::shared_ptr<PartnerScript> script) {
  return std::make_shared<const FakeFactory>(std::move(script));
}

Batch number_rows(const Batch& batch, std::string& state) {
  auto seen = state.empty() ? 0 : std::stoll(state);
  auto fields = batch.schema()->fields();
  fields.push_back({"number", types::int64, true});
  const auto pool = SlabPool::make();
  BatchBuilder builder{make_schema(std::move(fields)), *pool};
  for (auto& row : rows_of(batch)) {
    row.emplace_back(std::int64_t{++seen});
    builder.append_row(row);
  }
  state = std::to_string(seen);
  return builder.finish();
}

}  // namespace flow::testing
