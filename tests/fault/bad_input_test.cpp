/// Thousands of records that no producer of ours would write, among good ones.
#include <gtest/gtest.h>

#include <random>

#include "broker/envelope/envelope.hpp"
#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

/// Texts that are nearly an envelope.  The task is known to nobody, so that none of them runs.
std::vector<std::string> malformed_records(std::uint64_t seed, std::size_t mutations) {
  const std::string good =
      R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"nobody","args":[42,"x",{"a":[1.5,null]}],)"
      R"("queue":"load","enqueued_at":1700000000123,"attempt":2,"max_retries":5,)"
      R"("backoff":{"kind":"fixed","base_ms":10},"errors":[{"attempt":1,"at":1,"worker":"w","error":"e"}]})";
  std::vector<std::string> records;
  for (std::size_t size = 0; size < good.size(); ++size) records.push_back(good.substr(0, size));
  const auto replaced = [&](std::string_view what, std::string_view with) {
    auto text = good;
    text.replace(text.find(what), what.size(), with);
    records.push_back(text);
  };
  for (const auto* value : {"-1", "0", "1.0", "1e999", "\"1\"", "null", "[]", "{}", "true",
                            "9223372036854775808", "18446744073709551616", "NaN", "-0", "1000001"}) {
    replaced("\"attempt\":2", std::string{"\"attempt\":"} + value);
    replaced("\"max_retries\":5", std::string{"\"max_retries\":"} + value);
    replaced("1700000000123", value);
    replaced("\"v\":1", std::string{"\"v\":"} + value);
    replaced("[42,\"x\",{\"a\":[1.5,null]}]", value);
    replaced("\"nobody\"", value);
    replaced("\"load\"", value);
    replaced("\"base_ms\":10", std::string{"\"base_ms\":"} + value);
  }
  for (const auto* text :
       {"\"\\ud800\"", "\"\\u0000\"", "\"\xff\xfe\"", "\"a\nb\"", "\"../../etc\"", "\"a b\""}) {
    replaced("\"nobody\"", text);
    replaced("\"load\"", text);
    replaced("\"x\"", text);
  }
  replaced("\"v\":1", "\"v\":1,\"v\":1");
  records.push_back(good + good);
  records.push_back(good + std::string(1, '\0'));
  records.push_back(std::string(100'000, '['));
  records.push_back("{\"v\":1,\"args\":" + std::string(1000, '[') + std::string(1000, ']') + "}");
  records.push_back(std::string(3'000'000, 'x'));
  std::mt19937_64 random{seed};
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
  };
  for (std::size_t i = 0; i < mutations; ++i) {
    auto text = good;
    for (auto left = below(4) + 1; left > 0; --left) text[below(text.size())] = static_cast<char>(below(256));
    records.push_back(text);
  }
  return records;
}

class BadInputTest : public FaultTest {};

TEST_F(BadInputTest, InRedisEndsAsDeadLettersAndHoldsNothingElseUp) {  // P9
  auto& worker = start_worker({"--unknown-task-grace", "0", "--log-level", "info"});
  const auto records = malformed_records(site.seed, 2000);
  for (std::size_t i = 0; i < records.size(); ++i) {
    ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "e", records[i]});
    if (i % 100 == 0) produce(1);
  }
  ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "foreign", "field"});
  ask_redis(redis, {"ZADD", "ac:{load}:delayed", "1", "no envelope"});
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  EXPECT_EQ(ask_redis_number(redis, {"ZCARD", "ac:{load}:dead"}), static_cast<long long>(records.size()) + 2);
  EXPECT_TRUE(worker.runs()) << worker.log();
}

TEST_F(BadInputTest, InTheJobTableHoldsNothingElseUp) {  // P9
  auto& worker = start_worker({"--unknown-task-grace", "0", "--log-level", "info"});
  long number = 0;
  for (const auto& record : malformed_records(site.seed, 100)) {
    if (++number % 7 != 0) continue;
    try {
      site.ask("INSERT INTO aftercommit.job(id, queue, envelope) VALUES (gen_random_uuid(), 'load', $$" +
               record + "$$)");
    } catch (const std::exception&) {  // not even text
    }
    if (number % 100 == 0) produce(1);
  }
  produce(3);
  EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }))
      << count("SELECT count(*) FROM aftercommit.job") << " rows of the job table are neither run nor buried";
  Findings findings;  // some records are jobs of a far future, so that all is never idle
  EXPECT_TRUE(eventually([&] { return (findings = settle(1ms)).lost.empty(); })) << findings.text();
  EXPECT_TRUE(findings.doubled.empty()) << findings.text();
  EXPECT_TRUE(worker.runs()) << worker.log();
}

TEST_F(BadInputTest, OfAGiantSizeIsBuriedOrRefused) {  // P9
  auto& worker = start_worker({"--unknown-task-grace", "0"});
  ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "e", std::string(16 * 1024 * 1024, '[')});
  ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "e", std::string(16 * 1024 * 1024, ' ')});
  produce(3);
  constexpr std::chrono::seconds kForGiants{60};  // they are copied a dozen times
  EXPECT_TRUE(eventually(
      [&] {
        return ask_redis_number(redis, {"ZCARD", "ac:{load}:dead"}) == 2;
      },
      kForGiants))
      << worker.log();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_TRUE(worker.runs());
}

}  // namespace
}  // namespace aftercommit::fault
