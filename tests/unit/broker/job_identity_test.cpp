/// What can be told of a job whose text cannot be read.
#include "broker/envelope/job_identity.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "broker/envelope/envelope.hpp"

namespace aftercommit {
namespace {

Envelope known_job() {
  return {.id = JobId::generate(),
          .task = "send",
          .args = {1, {{"id", "x"}, {"durable", false}}},
          .queue = "mail",
          .database = "shop",
          .durable = true};
}

TEST(JobIdentity, IsFoundInAJobThatIsWhole) {
  const auto known = identify(encode(known_job()));
  EXPECT_TRUE(known.id);
  EXPECT_EQ(known.queue, "mail");
  EXPECT_EQ(known.database, "shop");
  EXPECT_TRUE(known.may_be_durable);
}

TEST(JobIdentity, OfAJobThatSaysNothingOfARowHasNone) {
  auto other = known_job();
  other.durable = false;
  EXPECT_FALSE(identify(encode(other)).may_be_durable);
}

TEST(JobIdentity, IsFoundInAJobOfALaterVersion) {
  auto tree = nlohmann::json::parse(encode(known_job()));
  tree["v"] = 7;
  tree["args"] = "packed";
  const auto known = identify(tree.dump());
  EXPECT_EQ(known.id->str(), tree["id"]);
  EXPECT_TRUE(known.may_be_durable);
}

TEST(JobIdentity, OfATextThatBreaksOffIsWhatStoodBefore) {
  const auto whole = known_job();
  const auto text = encode(whole);
  const auto known = identify(text.substr(0, text.find("\"queue\"")));
  EXPECT_EQ(known.id, whole.id);
  EXPECT_EQ(known.database, "");
  EXPECT_TRUE(known.may_be_durable) << "it may have said so";
}

TEST(JobIdentity, OfATextThatNestsWithoutEndIsWhatStoodBefore) {
  const auto whole = known_job();
  const auto text = encode(whole);
  const auto args = text.find("\"args\":") + 7;
  const auto known = identify(text.substr(0, args) + std::string(1000, '[') + "x");
  EXPECT_EQ(known.id, whole.id);
  EXPECT_TRUE(known.may_be_durable);
  EXPECT_FALSE(identify(std::string(1'000'000, '[')).id);
}

TEST(JobIdentity, IsNoneInAnythingElse) {
  for (const std::string text : {"", "x", "[]", "{}", "{\"id\":7}", "{\"args\":{\"id\":\"0\"}}",
                                 "{\"id\":\"no\"}", "[{\"id\":\"018bcfe5-687b-7000-8000-000000000001\"}]"}) {
    EXPECT_FALSE(identify(text).id) << text;
  }
}

}  // namespace
}  // namespace aftercommit
