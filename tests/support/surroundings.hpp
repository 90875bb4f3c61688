/// Runs a suite of transactions three times: on its own, inside an open block, and in manual mode.  As
/// Django's AtomicTests, AtomicInsideTransactionTests and AtomicWithoutAutocommitTests.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "support/payments.hpp"

namespace aftercommit::support {

enum class Surroundings { kNone, kInsideABlock, kManualMode };

inline void PrintTo(Surroundings surroundings, std::ostream* out) {
  switch (surroundings) {
    case Surroundings::kNone:
      *out << "OnItsOwn";
      break;
    case Surroundings::kInsideABlock:
      *out << "InsideABlock";
      break;
    case Surroundings::kManualMode:
      *out << "InManualMode";
      break;
  }
}

/// The fixture: when a test begins, its surroundings are open.
class InSurroundings : public Payments, public testing::TestWithParam<Surroundings> {
 protected:
  InSurroundings() {
    if (GetParam() == Surroundings::kInsideABlock) outer_.emplace(database);
    if (GetParam() == Surroundings::kManualMode) database.set_autocommit(false);
  }
  ~InSurroundings() override {
    outer_.reset();
    if (database.get_autocommit()) return;
    database.rollback();
    database.set_autocommit(true);
  }

  /// Asks the theorem of what the test did: first of the rows inside, while nothing may have gone out unless
  /// the test itself committed, then of everything, once the surroundings have committed too.
  void expect_paid(const std::vector<long>& ids) {
    EXPECT_EQ(rows(), ids) << "rows, seen from inside";
    if (GetParam() != Surroundings::kNone) Payments::expect_paid({});
    if (outer_) outer_->commit();
    if (!database.get_autocommit()) database.commit();
    Payments::expect_paid(ids);
  }

 private:
  std::optional<Atomic> outer_;
};

inline auto everywhere() {
  return testing::Values(Surroundings::kNone, Surroundings::kInsideABlock, Surroundings::kManualMode);
}

/// How a test's name ends.
inline std::string name_of(const testing::TestParamInfo<Surroundings>& info) {
  return testing::PrintToString(info.param);
}

}  // namespace aftercommit::support
