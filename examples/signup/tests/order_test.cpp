/// An order's flow, from its first step to its last, by the test's clock.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "../orders.hpp"
#include "../tasks.hpp"
#include "aftercommit/testing/gtest.hpp"
#include "test_clock.hpp"

namespace signup {
namespace {

using namespace std::chrono_literals;

class OrderFlow : public aftercommit::testing::TransactionTest {
 protected:
  OrderFlow() : TransactionTest{app} {}

  static std::string state_of(const Order& order) {
    return app.database().exec("SELECT state FROM orders WHERE id = $1", order.id)[0][0].as<std::string>();
  }
  static std::string steps_of(const Order& order) {
    return app.database()
        .exec(
            "SELECT coalesce(string_agg(step, ' ' ORDER BY done_at), '') FROM order_step WHERE order_id = $1",
            order.id)[0][0]
        .as<std::string>();
  }
  static void pass(std::chrono::seconds length) { aftercommit::testing::advance(app, test_clock, length); }
};

TEST_F(OrderFlow, ShipsAnOrderThatIsApprovedEachStepOnce) {
  const auto order = place_order("book");
  drain();
  EXPECT_EQ(state_of(order), "charged");
  EXPECT_EQ(approve_order(order.id, "Ada"), "given") << "while it cools off";
  EXPECT_EQ(approve_order(order.id, "Bob"), "taken");
  drain();
  EXPECT_EQ(steps_of(order), "charge");
  pass(kCoolingOff + 1s);
  EXPECT_EQ(state_of(order), "shipped");
  EXPECT_EQ(approve_order(order.id, "Eve"), "ended");
  EXPECT_EQ(app.database().exec("SELECT FROM order_step").size(), 3U);
  EXPECT_EQ(approve_order(order.id + 1, "Ada"), "") << "there is no such order";
}

TEST_F(OrderFlow, RefundsAnOrderThatNobodyApproves) {
  const auto order = place_order("book");
  drain();
  pass(kCoolingOff + 1s);
  EXPECT_EQ(state_of(order), "charged");
  pass(kApprovedWithin);
  EXPECT_EQ(state_of(order), "refunded");
  EXPECT_EQ(approve_order(order.id, "Ada"), "ended");
}

}  // namespace
}  // namespace signup
