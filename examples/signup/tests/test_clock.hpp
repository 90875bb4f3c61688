/// The clock of all tests here: it stands still but for advance().
#pragma once

#include "aftercommit/testing.hpp"

namespace signup {

inline aftercommit::testing::ManualClock test_clock;

}  // namespace signup
