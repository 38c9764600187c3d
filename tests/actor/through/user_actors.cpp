#include "user_actors.hpp"

#include "flow/record/builder.hpp"
#include "support/runtime/numbers_source.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

/// `sum` behind the columns of the batch; `total` goes on.
Batch summed(const Batch& batch, std::int64_t& total) {
  const auto pool = SlabPool::make();
  BatchBuilder builder{make_schema(summed_fields()), *pool};
  const auto v = batch.schema()->index_of("v").value();
  for (auto& row : rows_of(batch)) {
    total += std::get<std::int64_t>(row[v]);
    row.emplace_back(total);
    builder.append_row(row);
  }
  return builder.finish();
}

}  // namespace

std::size_t ActorsLog::count(const std::string& what) const {
  const std::lock_guard lock{mutex};
  return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), what));
}

std::vector<Field> summed_fields() {
  auto fields = numbers_source({})->schema()->fields();
  fields.push_back({"sum", types::int64, true});
  return fields;
}

ThroughSpec through(ActorFactory::Make make, std::vector<Field> output) {
  ThroughSpec spec;
  spec.partner = std::make_shared<const ActorFactory>(std::move(make));
  spec.output = std::move(output);
  spec.requests = 3;
  // Simulated time leaps.
  spec.timeout = Micros{std::int64_t{1'000'000'000'000}};
  return spec;
}

caf::behavior summing(caf::event_based_actor* self, std::shared_ptr<ActorsLog> log) {
  self->attach_functor([log] { log->add("ended"); });
  log->add("began");
  auto total = std::make_shared<std::int64_t>(0);
  return {
      [total](const Batch& batch) { return summed(batch, *total); },
      [total, log](snapshot_atom, Epoch) {
        log->add("asked");
        return std::to_string(*total);
      },
      [total, log](restore_atom, const std::string& state) {
        log->add("restored");
        *total = std::stoll(state);
      },
  };
}

caf::behavior dawdling(caf::event_based_actor* self, std::shared_ptr<ActorsLog> log) {
  struct Later {
    std::int64_t total = 0;
    std::vector<std::pair<caf::typed_response_promise<Batch>, Batch>> waiting;
    bool odd = false;
    void answer() {
      for (auto& [promise, batch] : waiting) promise.deliver(batch);
      waiting.clear();
    }
  };
  auto later = std::make_shared<Later>();
  return {
      [self, later](const Batch& batch) -> caf::result<Batch> {
        auto answer = summed(batch, later->total);
        later->odd = !later->odd;
        if (!later->odd) {
          later->answer();
          return answer;
        }
        auto promise = self->make_response_promise<Batch>();
        later->waiting.emplace_back(promise, std::move(answer));
        self->delayed_send(self, std::chrono::milliseconds{1}, caf::ok_atom::value);
        return promise;
      },
      [later](caf::ok_atom) { later->answer(); },
      [later, log](snapshot_atom, Epoch) {
        if (!later->waiting.empty()) log->add("asked too early");
        log->add("asked");
        return std::to_string(later->total);
      },
      [later](restore_atom, const std::string& state) { later->total = std::stoll(state); },
  };
}

caf::behavior echoing(caf::event_based_actor*) {
  return {[](Batch& batch) { return std::move(batch); }};
}

}  // namespace flow::testing
