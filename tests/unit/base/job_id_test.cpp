/// Job ids: what form they have, in what order they come, and that none comes twice.
#include "aftercommit/job_id.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace aftercommit {
namespace {

std::int64_t now_ms() {
  using namespace std::chrono;
  return floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t ms_of(const JobId& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes()[i];
  return ms;
}

std::vector<JobId> generate(std::size_t count) {
  std::vector<JobId> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back(JobId::generate());
  return ids;
}

TEST(JobId, IsAUuidOfVersion7AndTheVariantOfItsRfc) {
  for (const JobId& id : generate(1000)) {
    EXPECT_EQ(id.bytes()[6] >> 4, 7);
    EXPECT_EQ(id.bytes()[8] >> 6, 2);
  }
}

TEST(JobId, BeginsWithTheMillisecondOfItsCreation) {
  const auto before = now_ms();
  const JobId id = JobId::generate();
  EXPECT_GE(ms_of(id), before);
  EXPECT_LE(ms_of(id), now_ms() + 1);
}

TEST(JobId, SortsByCreationWithinAThreadEvenInOneMillisecond) {
  const auto ids = generate(200'000);  // far more than a millisecond's counter holds
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::ranges::less_equal{})) << "in order, and no two equal";
  EXPECT_LE(ms_of(ids.back()), now_ms() + 200) << "a burst runs ahead of the clock by little";
}

TEST(JobId, SortsAsTextAsItDoesAsBytes) {
  const auto ids = generate(1000);
  EXPECT_TRUE(std::ranges::is_sorted(ids, {}, &JobId::str));
}

TEST(JobId, IsWrittenInLowerCaseInTheCanonicalForm) {
  const auto id = JobId::parse("0190A6B2-3C4D-7E5F-8A9B-0123456789AB");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->str(), "0190a6b2-3c4d-7e5f-8a9b-0123456789ab");
}

TEST(JobId, IsReadBackFromItsText) {
  for (const JobId& id : generate(1000)) EXPECT_EQ(JobId::parse(id.str()), id);
}

TEST(JobId, ReadsAUuidOfAnyVersion) {
  EXPECT_TRUE(JobId::parse("00000000-0000-0000-0000-000000000000"));
  EXPECT_TRUE(JobId::parse("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
}

TEST(JobId, ReadsNothingFromAnyOtherText) {
  const std::string good = "0190a6b2-3c4d-7e5f-8a9b-0123456789ab";
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(JobId::parse(good.substr(0, length)));
  EXPECT_FALSE(JobId::parse(good + "0"));
  EXPECT_FALSE(JobId::parse("{" + good + "}"));
  EXPECT_FALSE(JobId::parse("0190a6b23c4d7e5f8a9b0123456789ab"));
  EXPECT_FALSE(JobId::parse("0190a6b-23c4d-7e5f-8a9b-0123456789ab"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char wrong : {'g', ' ', '\0', '\xE9', '/', ':', '@', '`', good[at] == '-' ? '0' : '-'}) {
      std::string text = good;
      text[at] = wrong;
      EXPECT_FALSE(JobId::parse(text)) << "position " << at;
    }
  }
}

TEST(JobId, NeverComesTwiceFromManyThreads) {
  std::vector<std::vector<JobId>> made(8);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) threads.emplace_back([&ids] { ids = generate(20'000); });
  }
  std::unordered_set<JobId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 8U * 20'000U);
}

TEST(JobId, NeverComesTwiceFromAProcessAndItsForks) {
  constexpr std::size_t kCount = 200;
  constexpr std::size_t kBytes = kCount * 16;
  JobId::generate();  // the store of random bytes is part full, and is copied by fork

  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  for (int child = 0; child < 2; ++child) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      std::string bytes;
      for (const JobId& id : generate(kCount)) bytes.append(id.bytes().begin(), id.bytes().end());
      const bool written = write(pipe_ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(kBytes);
      _exit(written ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0);
  }

  // Compared without the time and the counter: it is the random half that must differ.
  std::unordered_set<std::string> halves;
  for (const JobId& id : generate(kCount)) halves.emplace(id.bytes().begin() + 8, id.bytes().end());
  std::string bytes(2 * kBytes, '\0');
  for (std::size_t got = 0; got < bytes.size();) {
    const auto count = read(pipe_ends[0], bytes.data() + got, bytes.size() - got);
    ASSERT_GT(count, 0);
    got += static_cast<std::size_t>(count);
  }
  for (std::size_t at = 0; at < bytes.size(); at += 16) halves.insert(bytes.substr(at + 8, 8));
  EXPECT_EQ(halves.size(), 3 * kCount);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace aftercommit
