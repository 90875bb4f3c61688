/// Jobs that stand aside in every broker: in nobody's way, not forgotten, and back when somebody says so.
#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

constexpr const char* kReports = "database:reports";
constexpr const char* kLater = "task:later";
constexpr std::size_t kMany = 1000;

class JobsAside : public EveryBroker {
 protected:
  static Settlement put_aside(const Fetched& job, const std::string& reason = kReports, Millis time = 1h) {
    return {Kind::kAside, job.queue, job.entry, job.payload, time, {}, reason};
  }

  void put_all_aside(const std::vector<std::string>& texts, const std::string& reason = kReports,
                     Millis time = 1h) {
    for (const auto& text : texts) {
      enqueue({{"mail", text}});
      EXPECT_EQ(settle(kAnn, put_aside(fetch_one(), reason, time)), Settled::kDone);
    }
  }

  std::size_t bring_back(const std::string& reason = kReports, std::size_t limit = kMany, bool all = true) {
    return broker->bring_back("mail", reason, limit, all);
  }

  /// As "reason jobs".
  std::vector<std::string> reasons(const std::vector<Queue>& queues = {"mail"}) {
    std::vector<std::string> found;
    for (const auto& [queue, reason, jobs] : broker->aside(queues))
      found.push_back(queue + ' ' + reason + ' ' + std::to_string(jobs));
    return found;
  }
};

TEST_P(JobsAside, AreNeitherFetchedNorPromoted) {
  put_all_aside({"a"}, kReports, 0ms);
  EXPECT_THAT(fetch(10), IsEmpty());
  EXPECT_EQ(broker->promote(mail, 10).promoted, 0U);
  EXPECT_THAT(fetch(10), IsEmpty());
}

TEST_P(JobsAside, AreToldByQueueAndReason) {
  EXPECT_THAT(reasons(), IsEmpty());
  put_all_aside({"a", "b"});
  put_all_aside({"c"}, kLater);
  enqueue({{"slow", "d"}});
  const std::vector<Queue> slow{"slow"};
  settle(kAnn, put_aside(broker->fetch(kAnn, slow, 1, kNoWait).at(0)));
  EXPECT_THAT(reasons(), UnorderedElementsAre("mail database:reports 2", "mail task:later 1"));
  EXPECT_THAT(reasons({"slow", "other"}), ElementsAre("slow database:reports 1"));
  EXPECT_THAT(reasons({}), IsEmpty());
}

TEST_P(JobsAside, ComeBackAllOfOneReasonAsTheyAre) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  put_all_aside({"a", every_byte});
  put_all_aside({"c"}, kLater);
  EXPECT_EQ(bring_back(), 2U);
  EXPECT_THAT(payloads(fetch(10)), UnorderedElementsAre("a", every_byte));
  EXPECT_THAT(reasons(), ElementsAre("mail task:later 1"));
  EXPECT_EQ(bring_back(), 0U);
}

TEST_P(JobsAside, OfLimitsAreToldApartFromTheOthers) {
  put_all_aside({"a", "b"}, "limit:shop:send.rate:acme");
  put_all_aside({"c"});
  EXPECT_THAT(reasons(), ElementsAre("mail database:reports 1"));
  const auto limited = broker->limited(mail, 100);
  ASSERT_EQ(limited.size(), 1U);
  EXPECT_EQ(limited[0].reason, "limit:shop:send.rate:acme");
  EXPECT_EQ(limited[0].jobs, 2U);
  EXPECT_EQ(broker->counts("mail").delayed, 3);
  EXPECT_EQ(bring_back(limited[0].reason, 1), 1U);
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a"));
  EXPECT_EQ(bring_back(limited[0].reason), 1U);
  EXPECT_THAT(broker->limited(mail, 100), IsEmpty());
}

TEST_P(JobsAside, ComeBackLast) {
  put_all_aside({"a"});
  enqueue({{"mail", "b"}});
  bring_back();
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("b", "a"));
}

TEST_P(JobsAside, ComeBackUpToALimitThoseFirstWhoseTimeComesFirst) {
  put_all_aside({"late"}, kReports, 3h);
  put_all_aside({"early"}, kReports, 1h);
  put_all_aside({"middle"}, kReports, 2h);
  EXPECT_EQ(bring_back(kReports, 2), 2U);
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("early", "middle"));
  EXPECT_THAT(reasons(), ElementsAre("mail database:reports 1"));
}

TEST_P(JobsAside, ComeBackWhenTheirTimeComes) {
  put_all_aside({"now"}, kReports, 1ms);
  put_all_aside({"later"}, kReports, 1h);
  EXPECT_TRUE(eventually([&] { return bring_back(kReports, kMany, false) == 1; }));
  EXPECT_EQ(bring_back(kReports, kMany, false), 0U);
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("now"));
}

TEST_P(JobsAside, ThatAreNoneAreNotBroughtBack) {
  EXPECT_EQ(bring_back(), 0U);
  put_all_aside({"a"});
  EXPECT_EQ(bring_back(kLater), 0U);
  EXPECT_EQ(broker->bring_back("slow", kReports, kMany, true), 0U);
}

TEST_P(JobsAside, OfOneTextAreOneJobWithTheEarlierTime) {
  put_all_aside({"a"}, kReports, 1ms);
  put_all_aside({"a"}, kReports, 1h);
  EXPECT_THAT(reasons(), ElementsAre("mail database:reports 1"));
  EXPECT_TRUE(eventually([&] { return bring_back(kReports, kMany, false) == 1; }));
}

TEST_P(JobsAside, CountAsDelayedAndAreShown) {
  put_all_aside({"a", "b"});
  put_all_aside({"c"}, kLater);
  enqueue({{"mail", "d", 1h}});
  expect_counts({.delayed = 4});
  EXPECT_THAT(broker->queues(), ElementsAre("mail"));
  std::vector<std::string> seen;
  broker->for_each_job("mail", [&](JobState state, std::string_view payload) {
    EXPECT_EQ(state, JobState::kDelayed);
    seen.emplace_back(payload);
  });
  EXPECT_THAT(seen, UnorderedElementsAre("a", "b", "c", "d"));
}

TEST_P(JobsAside, MakeAQueueThatIsShownThoughNothingElseIsInIt) {
  put_all_aside({"a"});
  EXPECT_THAT(broker->queues(), ElementsAre("mail"));
}

TEST_P(JobsAside, ThatAreDurableStayKnown) {
  const auto id = JobId::generate();
  const std::vector<Outgoing> durable{durable_job("a", id)};
  enqueue(durable);
  settle(kAnn, put_aside(fetch_one()));
  EXPECT_TRUE(has(id));
  enqueue(durable);
  EXPECT_THAT(fetch(10), IsEmpty());
  bring_back();
  EXPECT_TRUE(has(id));
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, fetch_one(), id)), Settled::kDone);
  EXPECT_FALSE(has(id));
}

TEST_P(JobsAside, AreThoseThatTheirWorkerHolds) {
  enqueue({{"mail", "a"}});
  const auto job = fetch_one(kAnn);
  EXPECT_EQ(settle(kBob, put_aside(job)), Settled::kHeldByOther);
  EXPECT_EQ(settle(kAnn, put_aside({"mail", "1-1", "x"})), Settled::kNotPending);
  EXPECT_EQ(settle(kAnn, put_aside({"mail", "no entry", "x"})), Settled::kNotPending);
  EXPECT_THAT(reasons(), IsEmpty());
  EXPECT_EQ(settle(kAnn, put_aside(job)), Settled::kDone);
  EXPECT_EQ(settle(kAnn, put_aside(job)), Settled::kNotPending);
  EXPECT_THAT(reasons(), ElementsAre("mail database:reports 1"));
}

TEST_P(JobsAside, GoAndComeBackByTheThousandInOneCallEach) {
  constexpr std::size_t kJobs = 2500;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);
  std::vector<Settlement> ends;
  for (const auto& job : fetch(kJobs))
    ends.push_back(put_aside(job, ends.size() % 2 == 0 ? kReports : kLater));
  EXPECT_THAT(broker->settle(kAnn, ends), Each(Settled::kDone));
  expect_counts({.delayed = kJobs});
  std::size_t back = 0;
  while (const auto some = bring_back(kReports) + bring_back(kLater)) back += some;
  EXPECT_EQ(back, kJobs);
  EXPECT_THAT(fetch(kJobs), SizeIs(kJobs));
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_P(JobsAside, ThatAreLargeComeBackInSeveralCalls) {
  const std::string large(1 << 20, 'x');
  put_all_aside({large + '1', large + '2', large + '3'});
  std::size_t back = 0;
  while (const auto some = bring_back()) back += some;
  EXPECT_EQ(back, 3U);
  EXPECT_THAT(fetch(10), SizeIs(3));
}

INSTANTIATE_TEST_SUITE_P(For, JobsAside, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
