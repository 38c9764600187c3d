#include "flow/flowcontrol/input_budget.hpp"

#include "flow/base/check.hpp"
#include "flow/base/random.hpp"
#include "flow/flowcontrol/credit_ledger.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <deque>
#include <numeric>
#include <optional>

namespace flow::testing {
namespace {

/// Senders, links that delay, and a receiver that may be blocked per channel or lack output credit.
class Model {
 public:
  Model(std::uint64_t total, std::uint32_t channels, std::uint64_t seed)
      : budget{ByteCount{total}, channels}, random{seed}, total_{total} {
    for (std::uint32_t i = 0; i < channels; ++i)
      channels_.push_back(Channel{CreditLedger{budget.exclusive_share()}, {}, {}, {}, false, 0});
  }

  struct Channel {
    CreditLedger ledger;
    std::deque<std::uint64_t> to_send;  // batches the sender holds
    std::deque<std::uint64_t> in_flight;
    std::deque<std::uint64_t> queue;
    bool blocked;
    std::uint64_t largest;  // batch sent so far
    std::deque<std::uint64_t> grants_in_flight = {};
  };

  void send(Channel& channel) {
    if (channel.to_send.empty() || !channel.ledger.can_send()) return;
    const auto bytes = channel.to_send.front();
    channel.to_send.pop_front();
    channel.ledger.on_sent(ByteCount{bytes});
    channel.largest = std::max(channel.largest, bytes);
    channel.in_flight.push_back(bytes);
  }
  void deliver(std::uint32_t index) {
    auto& channel = channels_[index];
    if (channel.in_flight.empty()) return;
    budget.on_received(index, ByteCount{channel.in_flight.front()});
    channel.queue.push_back(channel.in_flight.front());
    channel.in_flight.pop_front();
  }
  bool consume(std::uint32_t index) {
    auto& channel = channels_[index];
    if (channel.queue.empty() || channel.blocked || withheld_) return false;
    budget.on_consumed(index, ByteCount{channel.queue.front()});
    channel.queue.pop_front();
    return true;
  }
  void grant() {
    for (const auto& grant : budget.take_grants()) {
      CHECK_FALSE(withheld_);
      channels_[grant.channel].grants_in_flight.push_back(grant.total);
    }
  }
  void deliver_grant(Channel& channel) {
    if (channel.grants_in_flight.empty()) return;
    channel.ledger.on_granted(channel.grants_in_flight.front());
    channel.grants_in_flight.pop_front();
  }
  void set_blocked(std::uint32_t index, bool blocked) {
    channels_[index].blocked = blocked;
    blocked ? budget.block(index) : budget.unblock(index);
  }
  void set_withheld(bool withheld) {
    withheld_ = withheld;
    withheld ? budget.withhold_grants() : budget.resume_grants();
  }

  void random_step() {
    const auto index = static_cast<std::uint32_t>(random.below(channels_.size()));
    auto& channel = channels_[index];
    switch (random.below(16)) {
      case 0:
        set_blocked(index, !channel.blocked);
        break;
      case 1:
        if (random.chance(0.2)) set_withheld(!withheld_);
        break;
      case 2:
      case 3:
      case 4:
        if (channel.to_send.size() < 8) channel.to_send.push_back(batch_size());
        break;
      case 5:
      case 6:
        grant();
        break;
      case 7:
      case 8:
        deliver_grant(channel);
        break;
      case 9:
      case 10:
        consume(index);
        break;
      case 11:
      case 12:
        deliver(index);
        break;
      default:
        send(channel);
    }
    check_bound();
  }
  std::uint64_t batch_size() {
    if (random.chance(0.02)) return total_ * 8;  // a row larger than everything
    if (random.chance(0.2)) return 1 + random.below(4);
    return 1 + random.below(total_ / channels_.size());
  }

  /// What waits at the receiver, is under way to it or may still be sent is bounded.
  void check_bound() const {
    std::uint64_t waiting = 0;
    std::uint64_t allowed = total_;
    for (const auto& channel : channels_) {
      waiting +=
          std::accumulate(channel.queue.begin(), channel.queue.end(), std::uint64_t{0}) +
          std::accumulate(channel.in_flight.begin(), channel.in_flight.end(), std::uint64_t{0});
      allowed += channel.largest;
    }
    if (waiting > allowed) FAIL("waiting " << waiting << " > allowed " << allowed);
  }

  /// Everything that can move moves, channels blocked as they are; true if something moved.
  bool settle_once() {
    auto moved = false;
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      auto& channel = channels_[i];
      const auto before = std::tuple{channel.to_send.size(), channel.in_flight.size(),
                                     channel.queue.size(), channel.grants_in_flight.size()};
      deliver_grant(channel);
      send(channel);
      deliver(i);
      consume(i);
      grant();
      moved = moved || before != std::tuple{channel.to_send.size(), channel.in_flight.size(),
                                            channel.queue.size(), channel.grants_in_flight.size()};
      check_bound();
    }
    return moved;
  }
  void settle() {
    while (settle_once()) {
    }
  }

  std::vector<Channel>& channels() { return channels_; }
  InputBudget budget;
  Random random;

 private:
  std::vector<Channel> channels_;
  std::uint64_t total_;
  bool withheld_ = false;
};

}  // namespace

TEST_CASE("what waits is bounded, nothing deadlocks and all credit comes back, in random runs",
          "[unit][credit]") {
  Random seeds{test_seed()};
  for (auto run = 0; run < 200; ++run) {
    const auto seed = seeds.next();
    const auto channels = 1 + static_cast<std::uint32_t>(Random{seed}.below(9));
    const auto total = channels * 2 + Random{seed ^ 1}.below(10'000);
    CAPTURE(seed, channels, total);
    Model model{total, channels, seed};
    for (auto step = 0; step < 2'000; ++step) model.random_step();

    // Some channels stay blocked: every other one gets everything through.
    model.set_withheld(false);
    for (std::uint32_t i = 0; i < channels; ++i) model.set_blocked(i, model.random.chance(0.4));
    model.settle();
    for (const auto& channel : model.channels()) {
      if (channel.blocked) {
        // Nobody waits with an empty queue at the other end.
        if (!channel.to_send.empty()) CHECK_FALSE(channel.queue.empty());
        continue;
      }
      REQUIRE(channel.to_send.empty());
      REQUIRE(channel.queue.empty());
    }

    for (std::uint32_t i = 0; i < channels; ++i) model.set_blocked(i, false);
    model.settle();
    CHECK(model.budget.queued_bytes() == 0);
    for (const auto& channel : model.channels()) {
      REQUIRE(channel.to_send.empty());
      CHECK(channel.ledger.can_send());
      CHECK(channel.ledger.granted() ==
            model.budget.granted(static_cast<std::uint32_t>(&channel - model.channels().data())));
    }
    // What is out and what floats is never more than the budget.
    auto out = model.budget.floating();
    for (const auto& channel : model.channels())
      out += static_cast<std::uint64_t>(channel.ledger.balance());
    CHECK(out <= total);
  }
}

TEST_CASE("credit that is out plus what floats is the whole budget when nothing waits",
          "[unit][credit]") {
  Model model{10'000, 4, test_seed()};
  for (auto step = 0; step < 5'000; ++step) model.random_step();
  model.set_withheld(false);
  for (std::uint32_t i = 0; i < 4; ++i) model.set_blocked(i, false);
  model.settle();
  // Small batches make every sender use what it was lent, so that it is paid back.
  for (auto round = 0; round < 1'000; ++round) {
    for (auto& channel : model.channels()) channel.to_send.push_back(100);
    model.settle();
  }
  std::uint64_t out = model.budget.floating();
  for (const auto& channel : model.channels())
    out += static_cast<std::uint64_t>(channel.ledger.balance());
  CHECK(out <= 10'000);
  // What is missing is below the size at which a grant is worth a message.
  CHECK(out >= 10'000 / 2);
}

TEST_CASE("a row larger than the budget passes a channel while another one is blocked",
          "[unit][credit]") {
  InputBudget budget{1_MiB, 3};
  CreditLedger sender{budget.exclusive_share()};
  budget.block(0);
  sender.on_sent(64_MiB);
  budget.on_received(1, 64_MiB);
  CHECK(budget.take_grants().empty());
  budget.on_consumed(1, 64_MiB);
  for (const auto& grant : budget.take_grants())
    if (grant.channel == 1) sender.on_granted(grant.total);
  CHECK(sender.can_send());
}

TEST_CASE("the floating part goes to the channel where rows wait and comes back from it",
          "[unit][credit]") {
  InputBudget budget{ByteCount{800}, 4};
  REQUIRE(budget.exclusive_share().value == 100);
  REQUIRE(budget.floating() == 400);
  CreditLedger busy{budget.exclusive_share()};
  auto sent = 0u;
  while (busy.can_send()) {
    busy.on_sent(ByteCount{50});
    budget.on_received(2, ByteCount{50});
    ++sent;
    for (const auto& grant : budget.take_grants()) {
      CHECK(grant.channel == 2);
      busy.on_granted(grant.total);
    }
  }
  CHECK(sent == 10);  // its share and all that floats
  CHECK(budget.floating() == 0);
  for (auto i = 0u; i < sent; ++i) budget.on_consumed(2, ByteCount{50});
  CHECK(budget.floating() == 400);
}

TEST_CASE("nothing is lent to a channel behind a barrier", "[unit][credit]") {
  InputBudget budget{ByteCount{400}, 2};
  budget.block(0);
  budget.on_received(0, ByteCount{100});
  CHECK(budget.take_grants().empty());
  CHECK(budget.floating() == 200);
  budget.unblock(0);
  CHECK(budget.take_grants() == std::vector{InputBudget::Grant{0, 200}});
  CHECK(budget.floating() == 100);
}

TEST_CASE("without output credit nothing is granted, with it all that is due", "[unit][credit]") {
  InputBudget budget{ByteCount{400}, 2};
  budget.withhold_grants();
  budget.on_received(1, ByteCount{300});
  budget.on_consumed(1, ByteCount{300});
  CHECK(budget.take_grants().empty());
  budget.resume_grants();
  CHECK(budget.take_grants() == std::vector{InputBudget::Grant{1, 400}});
  CHECK(budget.take_grants().empty());
}

TEST_CASE("a batch without credit is our own bug", "[unit][credit]") {
  InputBudget budget{ByteCount{400}, 2};
  budget.on_received(0, ByteCount{100});
  CHECK_THROWS_AS(budget.on_received(0, ByteCount{1}), InvariantViolation);
}

}  // namespace flow::testing
