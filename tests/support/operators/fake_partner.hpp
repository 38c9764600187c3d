#pragma once

#include "flow/base/random.hpp"
#include "flow/operators/partner.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace flow::testing {

/// What the fake partners of one factory do and have done.
struct PartnerScript {
  /// The answer to a batch; `state` is the partner's and may change.
  std::function<Batch(const Batch& batch, std::string& state)> answer =
      [](const Batch& batch, std::string&) { return batch; };
  bool has_state = true;        ///< Understands the questions for state.
  bool answers_at_once = true;  ///< Otherwise only when told to, or as `random` says.
  Random* random = nullptr;     ///< Answers come home in any order, some looks later.

  std::size_t most_out = 0;      ///< Batches sent and not answered, at most.
  std::vector<std::string> log;  ///< `batch`, `ask 3`, `give …`, in the order they arrived.
  std::vector<class FakePartner*> alive;
};

/// A partner that is told by a test what to do and when.
class FakePartner final : public Partner {
 public:
  explicit FakePartner(PartnerScript& script);
  ~FakePartner() override;

  void send(std::uint64_t request, Batch batch) override;
  void ask_state(std::uint64_t request, Epoch epoch) override;
  void give_state(std::uint64_t request, std::string state) override;
  std::optional<PartnerAnswer> take() override;

  /// The oldest waiting answers may be taken: so many, in order.
  void let_go(std::size_t answers) { may_take_ += answers; }
  /// The waiting answer of that place is an error.
  void fail(std::size_t place, Error error) { waiting_.at(place).reply = std::move(error); }
  /// The waiting answer of that place may be taken before all others.
  void overtake(std::size_t place);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  void answer(std::uint64_t request, PartnerReply reply);

  PartnerScript& script_;
  std::string state_;
  std::vector<PartnerAnswer> waiting_;
  std::size_t may_take_ = 0;
};

/// Makes fake partners; `script` outlives them.
std::shared_ptr<const PartnerFactory> fake_partners(std::shared_ptr<PartnerScript> script);

/// Adds a column `number`: how many rows the partner has seen, its state, counted from 1.
Batch number_rows(const Batch& batch, std::string& state);

}  // namespace flow::testing
