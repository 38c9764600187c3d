#include "flow/flowcontrol/credit_ledger.hpp"

#include "support/catch.hpp"

namespace flow::testing {

TEST_CASE("a positive balance lets one batch of any size go, then its debt is repaid first",
          "[unit][credit]") {
  CreditLedger ledger{ByteCount{100}};
  REQUIRE(ledger.can_send());
  ledger.on_sent(64_MiB);
  CHECK_FALSE(ledger.can_send());
  CHECK(ledger.balance() == 100 - (64 << 20));
  ledger.on_granted((64u << 20) + 0u);
  CHECK_FALSE(ledger.can_send());
  CHECK(ledger.balance() == 0);
  ledger.on_granted((64u << 20) + 1u);
  CHECK(ledger.can_send());
}

TEST_CASE("a lost grant is healed by the next one and a doubled or late one changes nothing",
          "[unit][credit]") {
  CreditLedger ledger{ByteCount{10}};
  ledger.on_granted(30);
  ledger.on_granted(30);
  ledger.on_granted(20);
  CHECK(ledger.balance() == 30);
}

TEST_CASE("sending without credit is our own bug", "[unit][credit]") {
  CreditLedger ledger;
  CHECK_FALSE(ledger.can_send());
  CHECK_THROWS_AS(ledger.on_sent(ByteCount{1}), InvariantViolation);
}

}  // namespace flow::testing
