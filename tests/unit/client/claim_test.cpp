/// The two forms of a claim, as far as no server is needed for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "client/job_table/batch_claim.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Kept = Claim::Kept;

class ClaimTest : public ::testing::Test {
 protected:
  const Statements& statements() const { return database.core()->statements; }
  static std::size_t count(const RiderList& riders) {
    std::size_t all = 0;
    riders.for_each([&](const Rider&) { ++all; });
    return all;
  }

  Database database{{.url = "postgresql://nobody@127.0.0.1:1/none"}, "shop"};
  const Envelope durable{.id = JobId::generate(), .attempt = 3, .durable = true};
  const Envelope other{.id = JobId::generate(), .attempt = 3};
};

TEST_F(ClaimTest, OfADurableJobDeletesItsRowAtThisAttempt) {  // P7
  AnyClaim claim{durable, &database};
  const auto& first = claim->begin().with_begin;
  EXPECT_EQ(first.statement, &statements().guard_job);
  EXPECT_THAT(first.values, ElementsAre(literal(durable.id.str()), "3"));
  EXPECT_EQ(claim->database(), &database);
}

TEST_F(ClaimTest, OfADurableJobThatTakesTurnsAsksWhetherItIsIts) {
  auto job = durable;
  job.unique = true;
  AnyClaim claim{job, &database};
  const auto& first = claim->begin().with_begin;
  EXPECT_EQ(first.statement, &statements().guard_unique);
  EXPECT_THAT(first.values, ElementsAre(literal(job.id.str()), "3"));
}

TEST_F(ClaimTest, OfAnyOtherEntersItsIdInTheLedger) {  // P7
  AnyClaim claim{other, &database};
  const auto& first = claim->begin().with_begin;
  EXPECT_EQ(first.statement, &statements().guard_ledger);
  EXPECT_THAT(first.values, ElementsAre(literal(other.id.str())));
  EXPECT_EQ(claim->database(), &database);
}

TEST_F(ClaimTest, OfManyIsOneStatementForAllOfThem) {  // P7
  const auto another = JobId::generate();
  BatchClaim rows{durable, database, {durable.id, another}};
  const auto ids = literal("{" + durable.id.str() + "," + another.str() + "}");
  EXPECT_EQ(rows.begin().with_begin.statement, &statements().guard_jobs);
  EXPECT_THAT(rows.riders().with_begin.values, ElementsAre(ids, "3"));
  EXPECT_FALSE(rows.is_ours()) << "without an answer";
  EXPECT_TRUE(rows.claimed().empty());
  BatchClaim entries{other, database, {other.id}};
  EXPECT_EQ(entries.begin().with_begin.statement, &statements().guard_ledger_many);
  EXPECT_THAT(entries.riders().with_begin.values, ElementsAre(literal("{" + other.id.str() + "}")));
}

TEST_F(ClaimTest, IsNotMadeOfADurableJobWhoseRowIsNotToBeReached) {
  AnyClaim claim{durable, nullptr};
  EXPECT_EQ(claim.get(), nullptr);
  claim.emplace(durable, &database);
  EXPECT_NE(claim.get(), nullptr);
}

TEST_F(ClaimTest, WithoutAnAnswerIsNotOursAndProvesNothing) {  // P7
  for (const auto* const job : {&durable, &other}) {
    AnyClaim claim{*job, &database};
    claim->begin();
    EXPECT_FALSE(claim->is_ours());
    EXPECT_EQ(count(claim->riders().with_commit), 0U);
  }
}

TEST_F(ClaimTest, BeginsAnewForEachTransaction) {
  AnyClaim claim{durable, &database};
  Riders next{};
  auto& riders = claim->begin();
  riders.next = &next;
  riders.with_commit.add({&statements().proof, {"'1'"}});
  EXPECT_EQ(&claim->begin(), &riders) << "where it was, as a session may know it";
  EXPECT_EQ(riders.next, nullptr);
  EXPECT_EQ(count(riders.with_commit), 0U);
  EXPECT_EQ(riders.with_begin.statement, &statements().guard_job);
}

TEST_F(ClaimTest, WithoutARowLeavesToTheBrokerWhatBecomesOfTheJob) {
  AnyClaim claim{other, nullptr};  // of a task without a transaction: it has no database to ask
  EXPECT_EQ(claim->database(), nullptr);
  EXPECT_TRUE(claim->may_run());
  EXPECT_TRUE(claim->finish());
  EXPECT_EQ(claim->record(other, 3, 1s), Kept::kInBroker);
  EXPECT_EQ(claim->bury(3, "{}"), Kept::kInBroker);
  EXPECT_EQ(claim->bury_for_good("{}"), Kept::kInBroker);
}

TEST_F(ClaimTest, NamesToTheBrokerDurableJobsAlone) {
  EXPECT_EQ(id_for_broker(durable), durable.id);
  EXPECT_FALSE(id_for_broker(other));
}

TEST_F(ClaimTest, KnowsTheErrorOfATaskThatHasEndedItsTransaction) {
  const std::string sentence = "invalid value: \"the task has ended the transaction of its job by itself\"";
  EXPECT_TRUE(Claim::is_broken_out(pqxx::sql_error{sentence, "", "22023"}));
  EXPECT_FALSE(Claim::is_broken_out(pqxx::sql_error{sentence, "", "22001"}));
  EXPECT_FALSE(Claim::is_broken_out(pqxx::sql_error{"invalid value", "", "22023"}));
}

}  // namespace
}  // namespace aftercommit::detail
