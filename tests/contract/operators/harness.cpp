#include "harness.hpp"

#include "subject.hpp"

#include "support/batches.hpp"

#include <algorithm>
#include <iterator>

namespace flow::testing {
namespace {

using Texts = std::vector<std::string>;

/// Where port 0 has its event times; nothing if it has none (partial sums have no event time of a
/// row: what the half behind makes of them is judged).
std::optional<std::pair<std::size_t, Micros>> time_of(const OperatorCase& subject) {
  if (subject.phase == Phase::local) return std::nullopt;
  const auto shape =
      subject.own ? subject.own_output : shape_of(subject.spec, subject.inputs, {}).ports.front();
  if (!shape.time_column) return std::nullopt;
  return std::pair{shape.schema->index_of(*shape.time_column).value(), shape.time_offset};
}

/// No row is late to a watermark that was sent before it; watermarks do not regress.
EventTime check_order(const OperatorCase& subject, const Emissions& emissions, bool late_input,
                      EventTime told = EventTime::min()) {
  const auto time = time_of(subject);
  const auto judge_rows = time && (!late_input || subject.absorbs_late_rows);
  for (const auto& emission : emissions) {
    if (emission.batch.empty()) {
      CHECK(emission.watermark >= told);
      told = emission.watermark;
    } else if (judge_rows && emission.port == 0) {
      for (const auto& row : rows_of(emission.batch)) {
        const auto at = std::get<EventTime>(row[time->first]) + time->second;
        CHECK(at >= told);
      }
    }
  }
  return told;
}

class Contract {
 public:
  Contract(const OperatorCase& subject, std::uint64_t seed, bool late_rows)
      : subject_{subject}, random_{seed}, late_rows_{late_rows} {
    script_ = subject.script(random_, late_rows);
    const auto whole = run(script_, false, false);
    expected_ = meaning_of(subject, whole);
    expected_of_many_ = meaning_of(subject, whole, false);
    check_order(subject, whole, late_rows);
  }

  void check() {
    expect("one row per batch", run(one_row_per_batch(script_), false, false));
    expect("one byte of credit, frozen every other call", run(script_, true, false));
    expect("a snapshot and a fresh instance after every call", run(script_, false, true));
    expect("the same with one byte of credit", run(script_, true, true));
    expect("the same with one row per batch", run(one_row_per_batch(script_), true, true));
    for (auto i = 0; i < 3; ++i) check_barrier();
    for (auto i = 0; i < 3 && !subject_.is_one_whole; ++i) check_rescale();
  }

 private:
  void expect(const std::string& how, const Emissions& emissions) {
    INFO(subject_.name << ": " << how);
    CHECK(meaning_of(subject_, emissions) == expected_);
    check_order(subject_, emissions, late_rows_);
  }

  std::unique_ptr<Subject> fresh(std::uint32_t subtask = 0, std::uint32_t parallelism = 1) {
    return std::make_unique<Subject>(subject_, subtask, parallelism);
  }

  Emissions run(const Script& script, bool metered, bool restarts) {
    MeteredCollector out;
    out.set_metered(metered);
    auto op = fresh();
    const auto settle = [&] {
      for (auto calls = 0;; ++calls) {
        if (calls > 100'000) FAIL(subject_.name << " never gets done");
        if (restarts) {
          const auto snapshot = op->snapshot();
          const auto state = op->state();
          op = fresh();
          op->restore({&snapshot}, state);
        }
        if (!op->state().interrupted) return;
        op->resume(out);
      }
    };
    for (const auto& step : script) {
      op->begin(step, out);
      settle();
    }
    op->end(out);
    settle();
    return std::move(out.emissions);
  }

  /// A barrier at a random call; the copy goes on in slices while rows go on. Both the instance
  /// that goes on and one restored from the barrier give the right rows.
  void check_barrier() {
    MeteredCollector out;
    out.set_metered(random_.chance(0.7));
    auto op = fresh();
    MemorySnapshot barrier;
    CallState state;
    std::size_t before = 0;  // emissions
    std::size_t position = 0;
    auto copying = false;
    auto taken = false;
    const auto chance = 1.0 / static_cast<double>(script_.size() * 2);
    const auto between_calls = [&](std::size_t next_step) {
      if (copying) copying = !op->copy_some(barrier);
      if (taken || !random_.chance(chance)) return;
      op->begin_snapshot(barrier);
      state = op->state();
      before = out.emissions.size();
      position = next_step;
      copying = true;
      taken = true;
    };
    const auto settle = [&](std::size_t next_step) {
      for (;;) {
        between_calls(next_step);
        if (!op->state().interrupted) return;
        op->resume(out);
      }
    };
    for (std::size_t i = 0; i < script_.size(); ++i) {
      op->begin(script_[i], out);
      settle(i + 1);
    }
    op->end(out);
    settle(script_.size());
    while (copying) copying = !op->copy_some(barrier);
    expect("rows go on while a snapshot is copied", out.emissions);
    if (!taken) return;

    MeteredCollector again;
    again.set_metered(out.has_room());
    again.emissions.assign(out.emissions.begin(),
                           out.emissions.begin() + static_cast<std::ptrdiff_t>(before));
    op = fresh();
    op->restore({&barrier}, state);
    op->finish(again);
    for (auto i = position; i < script_.size(); ++i) {
      op->begin(script_[i], again);
      op->finish(again);
    }
    op->end(again);
    op->finish(again);
    expect("restored from a snapshot that was copied while rows went on", again.emissions);
  }

  // --- Several subtasks, and others after a restart.

  struct Subtasks {
    std::vector<std::unique_ptr<Subject>> ops;
    std::vector<MeteredCollector> outs;
  };

  Subtasks subtasks(std::uint32_t parallelism) {
    Subtasks all;
    all.outs.resize(parallelism);
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      all.ops.push_back(fresh(i, parallelism));
      all.outs[i].set_metered(random_.chance(0.5));
    }
    return all;
  }

  /// The rows of a batch by the subtask that owns them; any subtask where nobody owns rows.
  std::vector<Batch> split(Subtasks& all, std::uint32_t input, const Batch& batch) {
    std::vector<KeyGroup> groups;
    const auto keyed = all.ops[0]->op().key_groups(input, batch, groups);
    REQUIRE(keyed);
    if (*keyed) REQUIRE(groups.size() == batch.selected());
    std::vector<std::vector<std::uint32_t>> rows(all.ops.size());
    std::size_t at = 0;
    batch.for_each_row([&](std::uint32_t row) {
      const auto parallelism = static_cast<std::uint32_t>(all.ops.size());
      const auto owner = *keyed ? owner_of(groups[at++], parallelism, kDefaultKeyGroups).value
                                : random_.below(parallelism);
      rows[owner].push_back(row);
    });
    std::vector<Batch> parts;
    for (const auto& selected : rows) parts.push_back(select(batch, selected));
    return parts;
  }

  /// All subtasks stop where they are and others begin there, each with the parts of all.
  void restart(Subtasks& all, Emissions& emissions) {
    std::vector<MemorySnapshot> parts;
    CallState state;
    state.handled = EventTime::max();
    auto told = EventTime::max();
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
      parts.push_back(all.ops[i]->snapshot());
      state.interrupted = state.interrupted || all.ops[i]->state().interrupted;
      state.handled = std::min(state.handled, all.ops[i]->state().handled);
      told = std::min(told, check_order(subject_, all.outs[i].emissions, late_rows_, told_));
      collect(all.outs[i], emissions);
    }
    told_ = told;
    state.calling = state.handled;
    std::vector<const MemorySnapshot*> pointers;
    for (const auto& part : parts) pointers.push_back(&part);
    all = subtasks(1 + static_cast<std::uint32_t>(random_.below(4)));
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
      all.ops[i]->restore(pointers, state);
      all.ops[i]->finish(all.outs[i]);
    }
  }

  static void collect(MeteredCollector& out, Emissions& emissions) {
    std::move(out.emissions.begin(), out.emissions.end(), std::back_inserter(emissions));
    out.emissions.clear();
  }

  void check_rescale() {
    told_ = EventTime::min();
    Emissions emissions;
    auto all = subtasks(1 + static_cast<std::uint32_t>(random_.below(4)));
    const auto maybe_restart = [&] {
      if (!random_.chance(0.1)) return false;
      restart(all, emissions);
      return true;
    };
    // Resumes a subtask; true if everything was restarted meanwhile, which finishes it as well.
    const auto settle = [&](std::size_t i) {
      while (all.ops[i]->state().interrupted) {
        if (maybe_restart()) return true;
        all.ops[i]->resume(all.outs[i]);
      }
      return false;
    };
    for (const auto& step : script_) {
      if (step.kind != ScriptStep::Kind::batch) {
        for (std::size_t i = 0; i < all.ops.size(); ++i) {
          all.ops[i]->begin(step, all.outs[i]);
          // After a restart the watermark is due everywhere again.
          if (settle(i)) i = static_cast<std::size_t>(-1);
        }
      } else {
        std::vector<Batch> left{step.batch};
        while (!left.empty()) {
          auto parts = split(all, step.input, left.back());
          left.pop_back();
          for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i].empty()) continue;
            auto part = step;
            part.batch = parts[i];
            all.ops[i]->begin(part, all.outs[i]);
            if (!settle(i)) continue;
            // The rest has other owners now.
            left.insert(left.end(), parts.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                        parts.end());
            std::erase_if(left, [](const Batch& batch) { return batch.empty(); });
            break;
          }
        }
      }
      maybe_restart();
    }
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
      all.ops[i]->end(all.outs[i]);
      all.ops[i]->finish(all.outs[i]);
    }
    for (auto& out : all.outs) {
      check_order(subject_, out.emissions, late_rows_, told_);
      collect(out, emissions);
    }
    INFO(subject_.name << ": rows split by key, restarts at other parallelisms");
    CHECK(meaning_of(subject_, emissions, false) == expected_of_many_);
  }

  const OperatorCase& subject_;
  Random random_;
  bool late_rows_;
  Script script_;
  Texts expected_;
  Texts expected_of_many_;
  EventTime told_ = EventTime::min();
};

}  // namespace

std::unique_ptr<Operator> OperatorCase::make() const {
  if (own) return own();
  auto made = make_operator(spec, inputs, phase);
  if (!made) FAIL(name << ": " << made.error().to_line());
  return *std::move(made);
}

std::vector<std::string> meaning_of(const OperatorCase& subject, const Emissions& emissions,
                                    bool one_stream) {
  std::vector<std::string> texts;
  if (subject.meaning) texts = subject.meaning(emissions, one_stream);
  for (const auto& emission : emissions) {
    if (emission.batch.empty() || (subject.meaning && emission.port == 0)) continue;
    for (const auto& row : row_texts(emission.batch))
      texts.push_back(std::to_string(emission.port) + ": " + row);
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

void check_contract(const OperatorCase& subject, std::uint64_t seed) {
  INFO("operator " << subject.name << ", seed " << seed);
  Contract{subject, seed, false}.check();
  Contract{subject, seed, true}.check();
}

}  // namespace flow::testing
