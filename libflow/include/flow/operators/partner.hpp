#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/record/batch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace flow {

struct OperatorContext;

/// What a request to a Partner came to.
struct PartnerReply {
  enum class Kind : std::uint8_t {
    batch,           ///< `batch`: the answer to a batch.
    state,           ///< `state`: what it knows.
    restored,        ///< It took its state back.
    not_understood,  ///< It does not know this kind of request.
  };
  Kind kind = Kind::batch;
  Batch batch{};
  std::string state{};
};
struct PartnerAnswer {
  std::uint64_t request = 0;
  Result<PartnerReply> reply;
};

/// Somebody outside the chain who answers batches with batches, at a speed of its own: an actor.
///
/// Requests have numbers. They arrive in the order they were made; answers may be taken in any
/// order, each once. When there is an answer to take, the partner's maker wakes the chain
/// (Chain::wake). No deadlines here: whoever asks keeps them.
///
/// Owner: a ThroughOperator.   Thread: actor-confined, but for the destructor.
class Partner {
 public:
  virtual ~Partner() = default;
  virtual void send(std::uint64_t request, Batch batch) = 0;
  /// Asks for its state: what it knows from everything it was sent before.
  virtual void ask_state(std::uint64_t request, Epoch epoch) = 0;
  virtual void give_state(std::uint64_t request, std::string state) = 0;
  [[nodiscard]] virtual std::optional<PartnerAnswer> take() = 0;
};

/// Where partners live: something of the runtime's that a PartnerFactory of the same runtime knows.
class PartnerHost {
 public:
  virtual ~PartnerHost() = default;
};

/// Makes the partner of each subtask of a step, anew for each attempt. Thread: thread-safe.
class PartnerFactory {
 public:
  virtual ~PartnerFactory() = default;
  /// Called when the operator opens; `context.host` is the runtime it opens in.
  [[nodiscard]] virtual Result<std::unique_ptr<Partner>> open(
      const OperatorContext& context) const = 0;
};

}  // namespace flow
