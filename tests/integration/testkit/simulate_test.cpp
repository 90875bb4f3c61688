/// An application's tasks under redeliveries, lost sessions and lost commits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>

#include "aftercommit/testing/gtest.hpp"
#include "support/fixtures/tested_shop.hpp"

namespace aftercommit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Simulating : public support::TestedShop, public ::testing::Test {
 protected:
  testing::Simulation simulation(const std::function<void()>& ask) {
    return {.reset = [this] { outside.exec("TRUNCATE paid, sent"); },
            .ask = ask,
            .effects =
                [this] {
                  return testing::rows_of(outside, "SELECT 'paid', id FROM paid ORDER BY id") +
                         testing::rows_of(outside, "SELECT 'sent', id, attempt FROM sent ORDER BY id");
                },
            .rounds = 8};
  }
};

TEST_F(Simulating, FindsTheEffectsOfOneRunWhateverHappens) {
  const auto report = testing::simulate(7, app, simulation([&] {
                                          pay.delay(1);
                                          pay.apply_async({.delivery = Delivery::kOnCommit}, 2);
                                          receipt.delay(100);
                                          pay.delay(-1);
                                        }));
  EXPECT_EQ(report.rounds, 8);
  EXPECT_GT(report.faults, 8U);
  EXPECT_GT(report.runs, report.faults);
}

TEST_F(Simulating, FindsAnEffectThatIsNotInTheTransactionOfItsTaskAndNamesTheSeed) {
  const auto careless = app.task<long>("careless");
  careless.run([&](long id) { outside.exec("INSERT INTO paid VALUES ($1)", id); });
  auto careless_shop = simulation([&] {
    careless.delay(1);
    careless.delay(2);
  });
  careless_shop.rounds = 30;
  std::uint64_t seed = 0;
  try {
    testing::simulate(100, app, careless_shop);
    FAIL() << "nothing was found";
  } catch (const testing::SimulationFailed& failure) {
    seed = failure.seed();
    EXPECT_THAT(failure.what(), AllOf(HasSubstr("simulate(" + std::to_string(seed)),
                                      HasSubstr("paid | 1\npaid | 2\n"), HasSubstr("'careless'")));
  }
  careless_shop.rounds = 1;
  EXPECT_THROW(testing::simulate(seed, app, careless_shop), testing::SimulationFailed);
}

TEST_F(Simulating, IsRefusedWhereItCouldFindNothing) {
  EXPECT_THROW(testing::simulate(1, app, simulation([] {})), UsageError);
  const testing::Eager eager{app};
  EXPECT_THROW(testing::simulate(1, app, simulation([&] { pay.delay(1); })), UsageError);
}

TEST_F(Simulating, IsRefusedWhereNothingIsCommitted) {
  const testing::RolledBackTransaction transaction{app};
  EXPECT_THROW(testing::simulate(1, app, simulation([] {})), UsageError);
}

}  // namespace
}  // namespace aftercommit
