/// For the tests of applications, and for ours: the library aftercommit::testing.  With GoogleTest include
/// testing/gtest.hpp instead, which has the macros and the fixture as well.
///
/// All of it wants a broker in memory, App::configure({.redis_url = "memory://test"}), so no Redis, and is
/// for the test's own thread, in which the jobs run.
#pragma once

#include "aftercommit/testing_capture.hpp"
#include "aftercommit/testing_eager.hpp"
#include "aftercommit/testing_enqueued.hpp"
#include "aftercommit/testing_manual_clock.hpp"
#include "aftercommit/testing_running.hpp"
#include "aftercommit/testing_set_up.hpp"
#include "aftercommit/testing_simulate.hpp"
