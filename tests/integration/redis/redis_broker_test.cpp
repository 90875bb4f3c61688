/// What a broker in Redis leaves there, and what it does with what others put there.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "aftercommit/log.hpp"
#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

using RedisBrokerTest = RedisTest;

TEST_F(RedisBrokerTest, WritesTheKeysThatTheWireFormatNames) {
  const auto prefix = parse_redis_url(url).prefix;
  EXPECT_EQ(redis.mail().stream, prefix + ":{mail}:stream");
  calls.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "later", 1h}});
  calls.settle(Kind::kBury, calls.fetch(1).at(0));
  EXPECT_EQ(redis.text_of("TYPE", prefix + ":{mail}:stream"), "stream");
  EXPECT_EQ(redis.text_of("TYPE", prefix + ":{mail}:delayed"), "zset");
  EXPECT_EQ(redis.text_of("TYPE", prefix + ":{mail}:dead"), "zset");
  const auto id = JobId::generate();
  calls.broker.relay({"mail", "shop", "", "page 1", {durable_job("a", id)}});
  calls.broker.renew_lease(kAnn, kMail, 1h);
  EXPECT_EQ(redis.text_of("HGET", prefix + ":{mail}:relay", "shop"), "page 1");
  EXPECT_EQ(redis.ask("SISMEMBER", prefix + ":{mail}:durable", durable_member(id))->integer, 1);
  EXPECT_EQ(redis.text_of("TYPE", prefix + ":{mail}:workers"), "zset");
}

TEST_F(RedisBrokerTest, KeepsTheHomeOfAQueueSoThatOlderReleasesReadItAndCompletesTheirs) {
  const auto home = redis.mail().home;
  redis.ask("HSET", home, "database:default", "token-1 shop at db", "app:shop", "|pay|");  // what they write
  const HomeDatabase ours{"default", "token-1", "shop at db", "1/16384/my schema"};
  EXPECT_THAT(calls.broker.claim_home({.databases = {ours}}, kMail), ElementsAre(::testing::IsEmpty()));
  EXPECT_EQ(redis.text_of("HGET", home, "database:default"), "token-1 shop at db");
  EXPECT_EQ(redis.text_of("HGET", home, "instance:default"), "1/16384/my schema");
  redis.ask("HSET", home, "database:default", "token-1 shop at another address");  // beside us
  const HomeDatabase copy{"default", "token-1", "staging at db", "1/16385/my schema"};
  EXPECT_THAT(calls.broker.claim_home({.databases = {copy}}, kMail).at(0),
              ElementsAre(HomeFinding{HomeFinding::Kind::kCopy, "default", "shop at another address",
                                      "1/16384/my schema"}));
}

TEST_F(RedisBrokerTest, LeavesNothingBehindInTheStream) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}});
  for (const auto& job : calls.fetch(2)) calls.settle(Kind::kAck, job);
  EXPECT_EQ(redis.ask("XLEN", redis.mail().stream)->integer, 0);
  EXPECT_EQ(elements(*redis.ask("XPENDING", redis.mail().stream, kRedisGroup))[0]->integer, 0);
}

TEST_F(RedisBrokerTest, IsNotLedAstrayByTimesWithoutEnd) {  // P9
  redis.ask("ZADD", redis.mail().delayed, "inf", "never");
  auto promotion = calls.broker.promote(kMail, 100);
  EXPECT_EQ(promotion.promoted, 0U);
  EXPECT_GT(promotion.next_due.value(), 24h) << "a scheduler would not sleep";
  redis.ask("ZADD", redis.mail().delayed, "-inf", "since ever");
  EXPECT_EQ(calls.broker.promote(kMail, 100).promoted, 1U);
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre("since ever"));

  redis.ask("ZADD", redis.mail().dead, "inf", "dies never");
  redis.ask("ZADD", redis.mail().dead, "-inf", "has been dead for ever");
  for (const auto& letter : calls.broker.dead_letters("mail", 0, 10)) {
    EXPECT_GE(letter.died_at, std::chrono::system_clock::time_point{}) << letter.letter;
  }
  redis.ask("XADD", redis.keys("late").stream, "9223372036854775808-0", kRedisField, "from the end of time");
  EXPECT_EQ(calls.broker.counts("late").oldest, 0ms);
}

TEST_F(RedisBrokerTest, ComesBackAfterRedisHasLostTheQueue) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}});
  const auto lost = calls.fetch(2);
  redis.ask("DEL", redis.mail().stream);
  EXPECT_EQ(calls.settle(Kind::kAck, lost.at(0)), Settled::kNotPending);
  EXPECT_EQ(calls.settle(Kind::kRetry, lost.at(1)), Settled::kNotPending);
  EXPECT_EQ(calls.counts().delayed, 0);
  calls.enqueue({{"mail", "c"}});
  EXPECT_EQ(calls.counts().ready, 1);
  EXPECT_THAT(payloads(calls.fetch(2)), ElementsAre("c"));
}

TEST_F(RedisBrokerTest, WaitsOnAQueueThatWasLostWhileItWaited) {
  calls.enqueue({{"mail", "a"}});
  calls.fetch(1);
  auto waiting = std::async(std::launch::async, [&] { return calls.fetch(1, kTimeout); });
  EXPECT_EQ(waiting.wait_for(30ms), std::future_status::timeout);
  redis.ask("DEL", redis.mail().stream);
  Calls{url}.enqueue({{"mail", "b"}});
  EXPECT_THAT(payloads(waiting.get()), ElementsAre("b"));
}

TEST_F(RedisBrokerTest, HandsOutForeignEntriesSoThatTheyCanBeBuried) {
  redis.ask("XADD", redis.mail().stream, "*", "id", "7", "task", "none\xff");
  redis.ask("XADD", redis.mail().stream, "*", "x", "y");
  redis.ask("XADD", redis.mail().stream, "*", "e", "ours");
  const auto jobs = calls.fetch(3);
  EXPECT_THAT(payloads(jobs),
              ElementsAre("[\"id\",\"7\",\"task\",\"none\xef\xbf\xbd\"]", R"(["x","y"])", "ours"));
  EXPECT_EQ(calls.settle(Kind::kBury, jobs[0]), Settled::kDone);
  EXPECT_EQ(calls.counts().dead, 1);
}

TEST_F(RedisBrokerTest, ChangesNothingForAZombieWhoseJobWasClaimed) {
  calls.enqueue({{"mail", "a"}});
  const auto job = calls.fetch(1).at(0);
  redis.ask("XCLAIM", redis.mail().stream, kRedisGroup, kBob, 0, job.entry);
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kRelease, Kind::kBury}) {
    EXPECT_EQ(calls.settle(kind, job), Settled::kHeldByOther);
  }
  EXPECT_EQ(calls.counts().running, 1);
  EXPECT_EQ(calls.counts().ready + calls.counts().delayed + calls.counts().dead, 0);
  EXPECT_EQ(calls.settle(Kind::kAck, job, kBob), Settled::kDone);
}

TEST_F(RedisBrokerTest, NamesTheKeyThatAnotherProgramUses) {
  redis.ask("SET", redis.mail().stream, "mine");
  const auto names_it = AllOf(HasSubstr("WRONGTYPE"), HasSubstr(redis.mail().stream), HasSubstr("prefix"));
  EXPECT_THAT(complaint<BrokerRefused>([&] { calls.fetch(1); }), names_it);
  EXPECT_THAT(complaint<BrokerRefused>([&] { calls.fetch(1, kTimeout); }), names_it);
  EXPECT_THAT(complaint<EnqueueFailure>([&] { calls.enqueue({{"mail", "a"}}); }), names_it);
}

TEST_F(RedisBrokerTest, ReadsTheOtherQueuesBesideOneThatIsUnusable) {
  redis.ask("SET", redis.mail().stream, "mine");
  calls.enqueue({{"slow", "a"}});
  const std::vector<Queue> queues{"mail", "slow"};
  EXPECT_THAT(payloads(calls.broker.fetch(kAnn, queues, 2, kTimeout)), ElementsAre("a"));
}

TEST_F(RedisBrokerTest, TellsExactlyWhichJobsWereRefused) {
  redis.ask("SET", redis.mail().stream, "mine");
  redis.ask("SET", redis.mail().delayed, "mine");
  const auto refused = failure([&] {
    calls.enqueue(
        {{"slow", "0"}, {"mail", "1"}, {"slow", "2"}, {"mail", "3", 1h}, {"slow", "4", 1h}, {"mail", "5"}});
  });
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->unsent(), ElementsAre(1, 3, 5));
  EXPECT_FALSE(refused->retryable());
  EXPECT_FALSE(refused->in_doubt());
  EXPECT_THAT(refused->what(), HasSubstr("3 of 6 jobs"));
  EXPECT_EQ(calls.broker.counts("slow").ready, 2);
  EXPECT_EQ(calls.broker.counts("slow").delayed, 1);
}

TEST_F(RedisBrokerTest, SettlesNothingWhereItsTargetIsUnusable) {
  const auto id = JobId::generate();
  calls.enqueue({durable_job("a", id)});
  const auto job = calls.fetch(1).at(0);
  redis.ask("SET", redis.mail().delayed, "mine");
  redis.ask("SET", redis.mail().dead, "mine");
  EXPECT_EQ(calls.settle(Kind::kRetry, job), Settled::kRefused);
  const Settlement bury{Kind::kBury, "mail", job.entry, "letter", 0ms, id};
  EXPECT_THAT(calls.broker.settle(kAnn, {&bury, 1}), ElementsAre(Settled::kRefused));
  EXPECT_EQ(elements(*redis.ask("XPENDING", redis.mail().stream, kRedisGroup))[0]->integer, 1);
  EXPECT_EQ(redis.ask("XLEN", redis.mail().stream)->integer, 1);
  EXPECT_THAT(calls.broker.has_durable("mail", {&id, 1}), ElementsAre(true));
}

TEST_F(RedisBrokerTest, SettlesADurableJobNotAtAllWhereItCannotForgetItsId) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}});
  const auto jobs = calls.fetch(2);
  redis.ask("SET", redis.mail().durable, "mine");
  for (const auto kind : {Kind::kAck, Kind::kBury}) {
    const Settlement end{kind, "mail", jobs[0].entry, "letter", 0ms, JobId::generate()};
    EXPECT_THAT(calls.broker.settle(kAnn, {&end, 1}), ElementsAre(Settled::kRefused));
  }
  EXPECT_EQ(calls.counts().running, 2);
  EXPECT_EQ(calls.counts().dead, 0);
  EXPECT_EQ(calls.settle(Kind::kAck, jobs[1]), Settled::kDone);  // not durable: the set is of no concern
}

TEST_F(RedisBrokerTest, SettlesTheOthersBesideARefusalAndLogsItOnce) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"slow", "d"}});
  const auto jobs = calls.fetch(3);
  const std::vector<Queue> slow{"slow"};
  const auto other = calls.broker.fetch(kAnn, slow, 1, kNoWait).at(0);
  redis.ask("SET", redis.mail().dead, "mine");
  std::vector<std::string> logged;
  set_log_handler([&](const LogEvent& event) {
    EXPECT_EQ(event.level, LogLevel::kError);
    for (const auto& [name, value] : event.fields) logged.push_back(value);
  });
  const std::vector<Settlement> ends{{Kind::kBury, "mail", jobs[0].entry, "letter 1"},
                                     {Kind::kAck, "mail", jobs[1].entry},
                                     {Kind::kBury, "mail", jobs[2].entry, "letter 2"},
                                     {Kind::kAck, "slow", other.entry}};
  const auto answers = calls.broker.settle(kAnn, ends);
  set_log_handler({});
  EXPECT_THAT(answers, ElementsAre(Settled::kRefused, Settled::kDone, Settled::kRefused, Settled::kDone));
  EXPECT_THAT(logged, ElementsAre("2", AllOf(HasSubstr("WRONGTYPE"), HasSubstr("bury"),
                                             HasSubstr(redis.mail().stream), HasSubstr("prefix"))));
  EXPECT_EQ(elements(*redis.ask("XPENDING", redis.mail().stream, kRedisGroup))[0]->integer, 2);
}

TEST_F(RedisBrokerTest, AddsNoDurableJobWhereAKeyIsAnotherPrograms) {
  const auto id = JobId::generate();
  for (const auto* key : {&redis.mail().delayed, &redis.mail().durable, &redis.mail().relay}) {
    redis.ask("SET", *key, "mine");
    EXPECT_THAT(complaint<EnqueueFailure>([&] { calls.enqueue({durable_job("a", id)}); }),
                HasSubstr("WRONGTYPE"));
    EXPECT_THROW(calls.broker.relay({"mail", "shop", "", "page 1", {durable_job("a", id)}}), BrokerRefused);
    redis.ask("DEL", *key);
    EXPECT_EQ(calls.counts().ready, 0);
    EXPECT_THAT(calls.broker.has_durable("mail", {&id, 1}), ElementsAre(false));
  }
}

TEST_F(RedisBrokerTest, SkipsEntriesThatSomebodyDeleted) {
  calls.enqueue({{"mail", "deleted"}, {"mail", "b"}});
  const auto job = calls.fetch(1).at(0);
  redis.ask("XDEL", redis.mail().stream, job.entry);
  EXPECT_EQ(calls.settle(Kind::kAck, job), Settled::kDone);
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre("b"));
}

TEST_F(RedisBrokerTest, ShowsDeadLettersOfImpossibleTimes) {
  for (const auto* score : {"-inf", "-1", "1.5", "1e300", "inf"})
    redis.ask("ZADD", redis.mail().dead, score, score);
  std::vector<std::string> letters;
  for (const auto& entry : calls.broker.dead_letters("mail", 0, 9)) letters.push_back(entry.letter);
  EXPECT_THAT(letters, ElementsAre("inf", "1e300", "1.5", "-1", "-inf"));
  const auto ever = std::chrono::system_clock::time_point::max();
  EXPECT_EQ(calls.broker.dead_letters_until("mail", ever, 1, 9).size(), 4U);
}

TEST_F(RedisBrokerTest, LeavesNoSocketToProgramsItsHostStarts) {
  calls.counts();
  calls.broker.await_schedule(kMail, kNoWait);
  int sockets = 0;
  for (const auto& file : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    if (!std::filesystem::read_symlink(file, gone).string().starts_with("socket:")) continue;
    ++sockets;
    EXPECT_NE(::fcntl(std::stoi(file.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_GE(sockets, 2);
}

TEST_F(RedisBrokerTest, ConnectsAnewInAForkedChild) {
  calls.enqueue({{"mail", "a"}});
  const auto child = ::fork();
  if (child == 0) {
    Onlooker{url}.ask("XADD", redis.mail().stream, "*", "e", "b");
    ::_exit(calls.counts().ready == 2 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(calls.counts().ready, 2);
}

TEST_F(RedisBrokerTest, NamesTheServerThatDoesNotExist) {
  Calls nobody{"redis://user:s3cret@127.0.0.1:1"};
  const auto refused = failure([&] { nobody.enqueue({{"mail", "a"}, {"mail", "b"}}); });
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->what(),
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(refused->unsent(), ElementsAre(0, 1));
  EXPECT_TRUE(refused->retryable());
  EXPECT_FALSE(refused->in_doubt());
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { nobody.fetch(1); }), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { Calls{"redis://no-such-host.invalid"}.fetch(1); }),
              HasSubstr("no-such-host.invalid"));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { Calls{"redis+unix:///no/such/socket"}.fetch(1); }),
              HasSubstr("/no/such/socket"));
}

}  // namespace
}  // namespace aftercommit
