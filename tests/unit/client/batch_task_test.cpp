/// Tasks whose jobs run together: how they are given their bodies, and what those are called with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/batch.hpp"
#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BatchTask : public ::testing::Test {
 protected:
  using Call = BatchCall<long, std::string>;

  const detail::TaskEntry& entry() { return *app.core().find_task("pay"); }
  static JobInfo info_of(const JobId& job) {
    return {.id = job, .task = "pay", .queue = "mail", .attempt = 2};
  }
  void run_one(const nlohmann::json& args) {
    const auto info = info_of(JobId::generate());
    const std::atomic<bool> stop{false};
    Job job{info, nullptr, stop};
    entry().bind(args)(job);
  }
  /// What a call with this body says, wrongly made.
  template <class Declare>
  static std::string refused(const Declare& declare) {
    try {
      declare();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }

  App app{"shop"};
  const Task<long, std::string> pay = app.task<long, std::string>("pay");
};

TEST_F(BatchTask, RunsABatchOfOneForWantOfABodyForOneJob) {
  std::vector<std::string> seen;
  pay.run_batch([&](Job& batch, std::span<const Call> calls) {
    for (const auto& call : calls) {
      EXPECT_EQ(call.id, batch.id());
      seen.push_back(call.queue + " " + std::to_string(call.attempt) + " " +
                     std::to_string(std::get<0>(call.args)) + " " + std::get<1>(call.args));
    }
  });
  run_one({7, "ada"});
  EXPECT_THAT(seen, ElementsAre("mail 2 7 ada"));
  EXPECT_EQ(entry().batch->most, BatchOptions{}.most);
}

TEST_F(BatchTask, MayHaveABodyForOneJobBesidesInAnyOrder) {
  std::string seen;
  const auto one = [&](long /*order*/, const std::string& /*name*/) { seen += "one "; };
  const auto many = [&](auto calls) { seen += "many: " + std::to_string(calls.size()) + " "; };
  pay.run_batch(many, {.most = 20});
  pay.run(one);
  run_one({7, "ada"});
  EXPECT_EQ(seen, "one ");
  EXPECT_THAT(refused([&] { pay.run(one); }), HasSubstr("has been given a body already"));

  const auto bill = app.task<long, std::string>("bill");
  bill.run(one);
  bill.run_batch(many);
  EXPECT_FALSE(app.core().find_task("bill")->binds_batch);
  EXPECT_TRUE(app.core().find_task("bill")->batch);
}

TEST_F(BatchTask, IsCalledWithThoseThatAreItsInTheirOrderAndAnewEachTime) {
  std::vector<std::vector<long>> runs;
  pay.run_batch([&](std::span<const Call> calls) {
    auto& run = runs.emplace_back();
    for (const auto& call : calls) run.push_back(std::get<0>(call.args));
  });
  const auto calls = entry().batch->make();
  std::vector<JobId> ids;
  for (long order = 1; order <= 4; ++order) {
    ids.push_back(JobId::generate());
    calls->add(info_of(ids.back()), {order, "ada"});
  }
  EXPECT_THROW(calls->add(info_of(JobId::generate()), {"five", "ada"}), detail::BadArguments);
  const auto info = info_of(ids.front());
  const std::atomic<bool> stop{false};
  Job batch{info, nullptr, stop};
  calls->run(batch, [](const JobId&) { return true; });
  calls->run(batch, [&](const JobId& id) { return id != ids[1]; });
  calls->run(batch, [&](const JobId& id) { return id == ids[1] || id == ids[3]; });
  EXPECT_THAT(runs, ElementsAre(ElementsAre(1, 2, 3, 4), ElementsAre(1, 3, 4), ElementsAre(4, 2)));
}

TEST_F(BatchTask, IsRefusedWhereItCouldNotBeOneTransactionOrIsOfNoSize) {
  const auto many = [](auto /*calls*/) {};
  EXPECT_THAT(refused([&] { pay.run_batch(many, {.most = 0}); }), HasSubstr("cannot run 0 jobs in a batch"));
  EXPECT_THAT(refused([&] { pay.run_batch(many, {.most = kMostInBatch + 1}); }), HasSubstr("1 to 1000"));
  pay.run_batch(many);
  EXPECT_THAT(refused([&] { pay.run_batch(many); }), HasSubstr("has been given the body of a batch already"));
  const auto bare = app.task<long>("bare", {.transactional = false});
  EXPECT_THAT(refused([&] { bare.run_batch([](auto /*calls*/) {}); }), HasSubstr("transactional = false"));
}

}  // namespace
}  // namespace aftercommit
