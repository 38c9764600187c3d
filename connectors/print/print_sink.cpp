#include "print_sink.hpp"

#include "flow/record/compact.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flow::print {
namespace {

constexpr std::size_t kMostWaiting = 1 << 20;
constexpr std::size_t kWorthWriting = 64 * 1024;

class PrintWriter final : public SinkWriter {
 public:
  PrintWriter(const ConnectorContext& context, std::unique_ptr<RowEncoder> encoder,
              std::shared_ptr<TextOutput> output)
      : io_{context.io},
        wake_{context.wake},
        encoder_{std::move(encoder)},
        output_{std::move(output)},
        alive_{std::make_shared<bool>(true)} {
    encoder_->begin(waiting_);
  }

  Result<Written> write(const Batch& batch) override {
    if (!failure_) return failure_.error();
    if (waiting_.size() + in_flight_ >= kMostWaiting) {
      refused_ = true;
      return Written{false};
    }
    if (batch.is_changelog()) {
      write_changes(batch);
    } else {
      encoder_->encode(batch, waiting_);
    }
    if (waiting_.size() >= kWorthWriting) pump();
    return Written{};
  }

  /// When what was written before is out; rows that come meanwhile belong to the next epoch.
  void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
    waiting_for_.push_back({written_ + in_flight_ + waiting_.size(), std::move(done)});
    pump();
    settle();
  }
  void commit(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void recover(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void flush() override { pump(); }
  [[nodiscard]] std::uint64_t bytes_written() const override { return written_; }

 private:
  void write_changes(const Batch& batch) {
    static constexpr std::string_view kKinds[] = {"+I ", "-U ", "+U ", "-D "};
    const auto kinds = batch.row_kinds().as<std::uint8_t>();
    auto one = batch;
    auto pool = SlabPool::make(4_KiB);
    batch.for_each_row([&](std::uint32_t row) {
      waiting_.append(kKinds[kinds[row] & 3]);
      auto selected = Buffer::allocate(*pool, sizeof row);
      *selected.mutable_as<std::uint32_t>() = row;
      one.set_selection(std::move(selected), 1);
      encoder_->encode(one, waiting_);
    });
  }

  void pump() {
    if (busy_ || waiting_.empty() || !failure_) return;
    busy_ = true;
    auto text = std::make_shared<TextBuffer>(std::exchange(waiting_, TextBuffer{}));
    in_flight_ = text->size();
    auto outcome = std::make_shared<Status>();
    io_.submit([text, outcome, output = output_] { *outcome = output->write(text->view()); },
               [this, outcome, size = text->size(), alive = std::weak_ptr<bool>{alive_}] {
                 if (alive.expired()) return;
                 busy_ = false;
                 in_flight_ = 0;
                 if (*outcome) {
                   written_ += size;
                 } else {
                   failure_ = *outcome;
                 }
                 if (!waiting_.empty() && !waiting_for_.empty()) pump();
                 settle();
                 if (std::exchange(refused_, false) || !failure_) wake_();
               });
  }

  void settle() {
    // They wait in the order of their bytes.
    const auto end =
        std::find_if(waiting_for_.begin(), waiting_for_.end(),
                     [&](const Prepare& each) { return failure_ && each.written > written_; });
    std::vector<Prepare> due{std::make_move_iterator(waiting_for_.begin()),
                             std::make_move_iterator(end)};
    waiting_for_.erase(waiting_for_.begin(), end);
    for (auto& each : due) {
      if (failure_)
        each.done(std::string{});
      else
        each.done(Error{failure_.error()});
    }
  }

  /// Answered once so many bytes are written.
  struct Prepare {
    std::uint64_t written = 0;
    std::function<void(Result<std::string>)> done;
  };

  IoExecutor& io_;
  std::function<void()> wake_;
  std::unique_ptr<RowEncoder> encoder_;
  std::shared_ptr<TextOutput> output_;
  std::shared_ptr<bool> alive_;
  TextBuffer waiting_;
  std::size_t in_flight_ = 0;
  bool busy_ = false;
  bool refused_ = false;
  std::uint64_t written_ = 0;
  Status failure_;  ///< The first one; nothing is written after it.
  std::vector<Prepare> waiting_for_;
};

class BlackholeWriter final : public SinkWriter {
 public:
  Result<Written> write(const Batch& batch) override {
    bytes_ += batch.byte_size();
    return Written{};
  }
  void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
    done(std::string{});
  }
  void commit(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void recover(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  [[nodiscard]] std::uint64_t bytes_written() const override { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

}  // namespace

Status PrintSink::accept(const Schema& schema, bool) const {
  if (auto encoder = make_encoder(format_, make_schema(schema.fields())); !encoder)
    return std::move(encoder).error().with_context("sink '" + node_ + "'");
  return {};
}

Result<std::unique_ptr<SinkWriter>> PrintSink::open(const ConnectorContext& context,
                                                    SchemaPtr schema) const {
  FLOW_ASSIGN(auto encoder, make_encoder(format_, schema));
  return std::unique_ptr<SinkWriter>{
      std::make_unique<PrintWriter>(context, std::move(encoder), output_)};
}

Result<std::unique_ptr<SinkWriter>> BlackholeSink::open(const ConnectorContext&, SchemaPtr) const {
  return std::unique_ptr<SinkWriter>{std::make_unique<BlackholeWriter>()};
}

}  // namespace flow::print
