/// Unique jobs: which of several there is, who decides it when, and what the callers learn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "broker/envelope/envelope.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/unique_marks.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::Deliberate;
using support::eventually;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t kAtOnce = 64;

class UniqueJobs : public support::Payments, public ::testing::Test {
 protected:
  UniqueJobs() : Payments{AppOptions{.databases = {{"default", {.pool_size = kAtOnce + 4}}}}} {}

  UniqueJob ask(const Unique& unique, long value) { return receipt.apply_unique({.unique = unique}, value); }
  std::size_t rows_of_jobs() { return outside("SELECT FROM job").size(); }
  detail::JobRow row(const JobId& job) {
    Database onlooker{database.options(), "onlooker"};
    return detail::JobTable{onlooker}.find(job).value();
  }
  Envelope envelope(const JobId& job) {
    return std::get<Envelope>(decode(row(job).envelope, defaults::kPayloadLimit));
  }
  std::string sql(const std::string& args) {
    return outside("SELECT " + schema().name() + ".enqueue(" + args + ")")[0][0].as<std::string>();
  }
};

/// The transaction of a worker that runs a job.
class WorkerRun {
 public:
  WorkerRun(const DatabaseOptions& options, Envelope job)
      : database_{options, "worker"}, job_{std::move(job)} {}
  bool ours() const { return ours_; }
  void commit() { block_->commit(); }
  /// As a worker asks it: when it has left the transaction.
  detail::Claim::Standing standing() {
    block_.reset();
    return claim_->standing();
  }

 private:
  Database database_;
  const Envelope job_;
  detail::AnyClaim claim_{job_, &database_};
  std::optional<Atomic> block_{std::in_place, database_, claim_->begin()};
  const bool ours_ = claim_->is_ours();
};

TEST_F(UniqueJobs, OfSixtyFourTransactionsAtOnceAreOneThatAllOfThemLearn) {  // P1
  std::vector<UniqueJob> won(kAtOnce, {.id = JobId::generate()});
  {
    std::latch all{kAtOnce};
    std::vector<std::jthread> threads;
    for (auto& job : won) {
      threads.emplace_back([&] {
        EXPECT_NO_THROW(database.atomic([&] {
          all.arrive_and_wait();
          job = ask(Unique{}, 7);
        }));
      });
    }
  }
  EXPECT_EQ(rows_of_jobs(), 1U);
  EXPECT_EQ(std::ranges::count_if(won, &UniqueJob::own), 1);
  for (const auto& job : won) EXPECT_EQ(job.id, won.front().id);
  EXPECT_EQ(receipt.apply_async({.unique = Unique{}}, 7), won.front().id) << "as any other call learns it";
}

TEST_F(UniqueJobs, RolledBackReleaseTheirKey) {  // P1
  EXPECT_THROW(database.atomic([&] {
    EXPECT_TRUE(ask(Unique{}, 1).own);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_TRUE(ask(Unique{}, 1).own);
  database.atomic([&] {
    EXPECT_THROW(database.atomic([&] {
      EXPECT_TRUE(ask(Unique{}, 2).own);
      throw Deliberate{};
    }),
                 Deliberate);
    const auto kept = ask(Unique{}, 2);
    EXPECT_TRUE(kept.own);
    const auto second = ask(Unique{}, 2);
    EXPECT_FALSE(second.own);
    EXPECT_EQ(second.id, kept.id);
  });
  EXPECT_EQ(rows_of_jobs(), 2U);
  std::size_t arrived = 0;
  EXPECT_TRUE(eventually([&] { return (arrived += take_arrived().size()) == 2; })) << "they are sent at once";
}

TEST_F(UniqueJobs, MeanTheSameToSqlAndCpp) {
  EXPECT_EQ(sql("'receipt', '[ 7 ]', unique_until => 'done'"), ask(Unique{}, 7).id.str());
  const auto by_key = ask(Unique{.key = "it's a \xE2\x82\xAC"}, 1);
  EXPECT_TRUE(by_key.own);
  const auto row = outside("SELECT " + schema().name() +
                           ".enqueue('receipt', '[2]', unique_key => 'it''s a \xE2\x82\xAC'), "
                           "current_setting('aftercommit.own')");
  EXPECT_EQ(row[0][0].as<std::string>(), by_key.id.str());
  EXPECT_EQ(row[0][1].as<std::string>(), "off");
  const auto scale = app.task<double>("scale");
  EXPECT_EQ(scale.apply_unique({.unique = Unique{}}, 0.25).id.str(),
            sql("'scale', '[25e-2]'::json, on_duplicate => 'skip'"));
  EXPECT_NE(ask(Unique{}, 8).id, ask(Unique{}, 9).id);
  const auto other = app.task<long>("other", {.unique = Unique{}});
  EXPECT_TRUE(other.delay_unique(7).own) << "a key is one of its task";
}

TEST_F(UniqueJobs, SkippedOverDoNotBeginBeforeThatTransactionHasCommitted) {  // P2
  const auto job = envelope(ask(Unique{}, 1).id);
  database.atomic([&] {
    EXPECT_FALSE(ask(Unique{}, 1).own);
    EXPECT_FALSE(WorkerRun(database.options(), job).ours());
    Database worker{database.options(), "worker"};
    auto next = job;
    ++next.attempt;
    EXPECT_TRUE(detail::JobTable{worker}.record(next, 1, 0ms)) << "the failure before that is written";
  });
  EXPECT_TRUE(WorkerRun(database.options(), envelope(job.id)).ours());
}

TEST_F(UniqueJobs, ThatAWorkerHasComeForAreHeldBackNoLonger) {
  const auto job = envelope(ask(Unique{}, 1).id);
  database.atomic([&] {
    EXPECT_EQ(ask(Unique{}, 1).id, job.id);
    EXPECT_EQ(WorkerRun(database.options(), job).standing().kind, detail::Claim::Standing::Kind::kLocked);
  });
  database.atomic([&] {
    EXPECT_EQ(ask(Unique{}, 1).id, job.id);
    EXPECT_TRUE(WorkerRun(database.options(), job).ours())
        << "else callers without end would keep it from ever beginning";
  });
}

TEST_F(UniqueJobs, WithoutARowHoldNothingAndTheirMarksArePurged) {
  EXPECT_TRUE(ask(Unique{}, 1).own);
  outside("DELETE FROM job");  // whoever has done so
  EXPECT_TRUE(ask(Unique{}, 1).own);
  outside("DELETE FROM job");
  const auto alive = ask(Unique{}, 2);
  EXPECT_TRUE(ask(Unique{.for_ = 1h}, 3).own);
  outside("DELETE FROM job WHERE id <> '" + alive.id.str() + "'");
  detail::MarksSeen marks;
  detail::purge_marks(database, marks);
  EXPECT_EQ(marks.seen, 3U);
  EXPECT_EQ(marks.gone, 1U);
  EXPECT_EQ(ask(Unique{}, 2).id, alive.id);
  EXPECT_FALSE(ask(Unique{}, 3).own) << "its period holds without it";
}

TEST_F(UniqueJobs, ReplacedAreOneWithOtherArgumentsAndAnotherTime) {
  const Unique replace{.key = "k", .on_duplicate = Unique::kReplace};
  const auto first = receipt.apply_unique({.countdown = 1h, .unique = replace}, 1);
  const auto before = envelope(first.id);
  const auto second = receipt.apply_unique({.countdown = 3h, .unique = replace}, 2);
  EXPECT_TRUE(second.own);
  EXPECT_EQ(rows_of_jobs(), 1U);
  EXPECT_EQ(envelope(second.id).args, nlohmann::json::array({2}));
  EXPECT_GT(row(second.id).due_in, 2h);
  WorkerRun copy{database.options(), before};
  EXPECT_FALSE(copy.ours()) << "what Redis has of the first does not run";
  EXPECT_EQ(copy.standing().kind, detail::Claim::Standing::Kind::kGone);
}

TEST_F(UniqueJobs, DebouncedAreLaterEachTimeUpToTheirLongestDelay) {
  Unique debounce{.on_duplicate = Unique::kDebounce};
  receipt.apply_unique({.countdown = 1h, .unique = debounce}, 1);
  EXPECT_GT(row(receipt.apply_unique({.countdown = 3h, .unique = debounce}, 1).id).due_in, 2h);
  Unique bounded{.key = "of the first", .on_duplicate = Unique::kDebounce, .longest_delay = 2h};
  EXPECT_LE(row(receipt.apply_unique({.countdown = 3h, .unique = bounded}, 2).id).due_in, 2h);
  outside("DELETE FROM job WHERE envelope LIKE '%[2]%'");
  debounce.longest_delay = 2h;
  const auto last = receipt.apply_unique({.countdown = 3h, .unique = debounce}, 1);
  EXPECT_TRUE(last.own);
  EXPECT_LE(row(last.id).due_in, 2h);
  EXPECT_GT(row(last.id).due_in, 1h);
  EXPECT_EQ(rows_of_jobs(), 1U);
}

TEST_F(UniqueJobs, AskedForOnceMoreWaitBehindTheOneThatRuns) {
  const Unique once_more{.on_duplicate = Unique::kOnceMore};
  const auto first = ask(once_more, 1);
  EXPECT_EQ(ask(once_more, 1).id, first.id) << "it has not begun";
  JobId last = first.id;
  {
    WorkerRun running{database.options(), envelope(first.id)};
    ASSERT_TRUE(running.ours());
    EXPECT_EQ(ask(Unique{}, 1).id, first.id);
    const auto second = ask(once_more, 1);
    EXPECT_TRUE(second.own);
    EXPECT_EQ(ask(once_more, 1).id, second.id);
    EXPECT_EQ(ask(Unique{}, 1).id, second.id) << "which will see what the caller has written";
    last = ask(Unique{.on_duplicate = Unique::kReplace}, 1).id;
    EXPECT_NE(last, second.id);
    EXPECT_EQ(rows_of_jobs(), 2U);
    WorkerRun behind{database.options(), envelope(last)};
    EXPECT_FALSE(behind.ours()) << "not beside the one before it";
    EXPECT_EQ(behind.standing().kind, detail::Claim::Standing::Kind::kLocked);
    running.commit();
  }
  EXPECT_EQ(ask(once_more, 1).id, last);
  EXPECT_TRUE(WorkerRun(database.options(), envelope(last)).ours());
}

TEST_F(UniqueJobs, BehindTheOneThatRunsAreOneThoughACancelOfItIsRolledBack) {
  const Unique once_more{.on_duplicate = Unique::kOnceMore};
  const WorkerRun running{database.options(), envelope(ask(once_more, 1).id)};
  const auto behind = ask(once_more, 1);
  std::optional<UniqueJob> answer;
  {
    pqxx::connection connection{schema().url("canceller")};
    pqxx::work canceller{connection};
    canceller.exec("SELECT " + schema().name() + ".cancel('" + behind.id.str() + "')");
    const std::jthread asker{[&] { answer = ask(once_more, 1); }};
    const auto waiting =
        "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = '" +
        schema().name() + "'";
    EXPECT_TRUE(eventually([&] { return !outside(waiting).empty(); }));
    canceller.abort();
  }
  EXPECT_EQ(answer->id, behind.id);
  EXPECT_EQ(rows_of_jobs(), 2U);
}

TEST_F(UniqueJobs, UntilTheyStartMakeRoomForAnotherAsTheyRun) {
  const Unique until_start{.until = Unique::kStart};
  const auto first = ask(until_start, 1);
  EXPECT_FALSE(ask(until_start, 1).own);
  WorkerRun running{database.options(), envelope(first.id)};
  ASSERT_TRUE(running.ours());
  const auto second = ask(until_start, 1);
  EXPECT_TRUE(second.own);
  EXPECT_EQ(ask(until_start, 1).id, second.id);
  EXPECT_TRUE(WorkerRun(database.options(), envelope(second.id)).ours()) << "it does not wait for the first";
}

TEST_F(UniqueJobs, OfAPeriodAreOneInItWhateverBecomesOfThat) {
  const auto first = ask(Unique{.for_ = 1h}, 1);
  const auto replaced = ask(Unique{.for_ = 1h, .on_duplicate = Unique::kReplace}, 1);
  EXPECT_TRUE(replaced.own) << "it waits";
  EXPECT_NE(replaced.id, first.id);
  outside("DELETE FROM job");
  EXPECT_EQ(ask(Unique{.for_ = 1h}, 1).id, replaced.id);
  EXPECT_EQ(ask(Unique{.for_ = 1h, .on_duplicate = Unique::kReplace}, 1).id, replaced.id);
  outside("UPDATE unique_job SET expires_at = clock_timestamp()");
  EXPECT_TRUE(ask(Unique{.for_ = 1h}, 1).own);
}

TEST_F(UniqueJobs, OfOneCallThatMeanTheSameAreOne) {
  std::vector<TaskCall<long>> calls;
  for (const long value : {2L, 1L, 2L}) calls.emplace_back(value);
  const auto ids = receipt.apply_async_many({.unique = Unique{}}, calls);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_EQ(envelope(ids[1]).args, nlohmann::json::array({1}));
  EXPECT_EQ(rows_of_jobs(), 2U);
  EXPECT_TRUE(receipt.apply_async_many({.unique = Unique{}}, std::vector<TaskCall<long>>{}).empty());
}

TEST_F(UniqueJobs, AreRefusedWhereTheyCannotBeWithASentence) {
  const auto says = [&](const CallOptions& options) {
    return message_of<UsageError>([&] { receipt.apply_unique(options, 1); });
  };
  EXPECT_THAT(says({}), AllOf(HasSubstr("task 'receipt'"), HasSubstr("neither the task nor the call")));
  EXPECT_THAT(says({.delivery = Delivery::kOnCommit, .unique = Unique{}}),
              AllOf(HasSubstr("a job of task 'receipt' cannot be unique"), HasSubstr("Delivery::kDurable")));
  EXPECT_THAT(says({.unique = Unique{.key = ""}}), HasSubstr("its key has 0 bytes"));
  EXPECT_THAT(says({.unique = Unique{.key = "\xFF"}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(says({.unique = Unique{.for_ = 0ms}}), HasSubstr("its period is 0 ms"));
  EXPECT_THAT(says({.unique = Unique{.on_duplicate = Unique::kDebounce}}), HasSubstr("needs a countdown"));
  EXPECT_THAT(says({.unique = Unique{.longest_delay = 1s}}), HasSubstr("kDebounce alone"));
  EXPECT_THAT(says({.unique = Unique{.for_ = 1h, .on_duplicate = Unique::kOnceMore}}),
              HasSubstr("kOnceMore does not go with for_"));
  EXPECT_THAT(message_of<UsageError>([&] {
                app.task<>("bare", {.transactional = false, .unique = Unique{.until = Unique::kStart}});
              }),
              AllOf(HasSubstr("task 'bare'"), HasSubstr("transactional = false")));
  EXPECT_EQ(rows_of_jobs(), 0U);
}

TEST_F(UniqueJobs, NameTheCommandToRunWhereTheTablesAreTooOld) {
  outside("DROP TABLE unique_job");
  EXPECT_THAT(message_of<ConfigError>([&] { ask(Unique{}, 1); }),
              AllOf(HasSubstr("a unique job of task 'receipt' on database 'default'"),
                    HasSubstr("aftercommit migrate")));
  receipt.delay(1);
  EXPECT_EQ(rows_of_jobs(), 1U) << "all else works";
}

}  // namespace
}  // namespace aftercommit
