/// The example of a worker in another language, beside one in C++: what it may not lose or double, however it
/// ends.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class PythonWorker : public FaultTest {
 protected:
  Worker& start_python(const std::string& queues = "load,bulk") {
    auto& worker = programs.emplace_back(
        std::vector<std::string>{AFTERCOMMIT_PYTHON, "-B", AFTERCOMMIT_PYTHON_WORKER, "--queues", queues,
                                 "--lease", "1.5", AFTERCOMMIT_PYTHON_TASKS},
        site.environment());
    EXPECT_TRUE(worker.says("worker started")) << worker.log();
    return worker;
  }
  long effects_of_process(const Worker& worker) {
    return count("SELECT count(*) FROM effect WHERE pid = " + std::to_string(worker.id()));
  }
};

TEST_F(PythonWorker, BesideAnotherLosesAndDoublesNothingThoughItIsKilledAgainAndAgain) {  // P5, P6, P7
  start_worker();
  for (int i = 0; i < 3; ++i) {
    auto& doomed = start_python();
    produce(60);
    EXPECT_TRUE(eventually([&] { return effects_of_process(doomed) > 5; })) << doomed.log();
    doomed.signal(SIGKILL);
  }
  auto& last = start_python();
  produce(60);
  expect_promises_kept();
  EXPECT_GT(effects_of_process(last), 0) << last.log();
  last.signal(SIGTERM);
  EXPECT_EQ(last.exit_code(), 0) << last.log();
}

TEST_F(PythonWorker, RunsWhatItKnowsAndLeavesTheRestToOthers) {  // P9
  auto& python = start_python();
  start_relay();
  std::string known;
  std::string foreign;
  transact([&](Transaction&, Intent& intent) {
    known = ask(intent, tasks.fail_once, {}, 1L).id;
    foreign = ask(intent, tasks.parent, {}, 2L).id;
  });
  EXPECT_TRUE(eventually([&] { return runs_of(known).size() == 1; })) << python.log();
  start_worker();
  expect_promises_kept();
  EXPECT_EQ(effects_of(known), 1);
  EXPECT_EQ(effects_of(foreign), 1);
}

TEST_F(PythonWorker, TellsTheFlowThatWaitsForItsJobsWhatTheyReturn) {
  auto& python = start_python("bulk");
  start_relay();
  auto& other = start_worker({"--queues", "load"});
  tasks.family.delay(4);
  EXPECT_TRUE(eventually([&] {
    return count("SELECT count(*) FROM aftercommit.flow WHERE state = 'done'") == 1;
  })) << python.log()
      << other.log();
  EXPECT_EQ(count("SELECT count(*) FROM flow_effect WHERE step = 0 + 1 + 2 + 3"), 1);
  EXPECT_EQ(effects_of_process(python), 4 + 4) << "nobody else serves their queue";
  EXPECT_EQ(effects(), 4 + 4);
  EXPECT_EQ(count("SELECT count(*) FROM aftercommit.dead"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM aftercommit.job"), 0);
}

}  // namespace
}  // namespace aftercommit::fault
