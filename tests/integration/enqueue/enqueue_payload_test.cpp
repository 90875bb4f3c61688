/// How large a job may be and what it may hold: refused where it is asked for, not when it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Payload : public support::Payments, public ::testing::Test {
 protected:
  Payload() : Payments{{.payload_limit = 1000}} {}
  Task<std::string> note = app.task<std::string>("note");
};

TEST_F(Payload, OverTheLimitIsAnErrorThatSaysHowLargeAndWhatToDo) {
  EXPECT_THAT(message_of<PayloadError>([&] { note.delay(std::string(2000, 'x')); }),
              AllOf(HasSubstr("task 'note'"), HasSubstr("over the payload limit of 1000"),
                    HasSubstr("pass its key")));
  note.delay(std::string(500, 'x'));
  EXPECT_EQ(take_arrived().size(), 1U);
}

TEST_F(Payload, LimitIsOneMebibyteByDefault) {
  EXPECT_EQ(AppOptions{}.payload_limit, 1024U * 1024U);
  App roomy{"roomy", {.redis_url = app.options().redis_url, .databases = app.options().databases}};
  const auto large = roomy.task<std::string>("large");
  EXPECT_NO_THROW(large.delay(std::string(1'000'000, 'x')));
  EXPECT_THROW(large.delay(std::string(1024 * 1024, 'x')), PayloadError);
}

TEST_F(Payload, ThatCannotBeJsonIsAnErrorAtTheCall) {
  const auto number = app.task<double>("number");
  EXPECT_THROW(note.delay("\xff\xfe"), PayloadError);
  EXPECT_THROW(number.delay(std::numeric_limits<double>::quiet_NaN()), PayloadError);
  EXPECT_THROW(number.delay(std::numeric_limits<double>::infinity()), PayloadError);
}

TEST_F(Payload, NestedTooDeepIsAnErrorAtTheCall) {
  const auto tree = app.task<nlohmann::json>("tree");
  nlohmann::json deep;
  for (int level = 0; level < 100; ++level) deep = nlohmann::json::array({deep});
  EXPECT_THROW(tree.delay(deep), PayloadError);
}

TEST_F(Payload, RefusedForOneOfManySendsNoneOfThem) {
  EXPECT_THROW(note.delay_many({{"small"}, {std::string(2000, 'x')}}), PayloadError);
  EXPECT_TRUE(take_arrived().empty());
  database.atomic([&] {
    EXPECT_THROW(note.delay_many({{"small"}, {std::string(2000, 'x')}}), PayloadError);
  });
  EXPECT_TRUE(take_arrived().empty());
}

TEST_F(Payload, RefusedInsideABlockLeavesTheBlockAsItWas) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(note.delay(std::string(2000, 'x')), PayloadError);
  });
  expect_paid({1});
}

TEST_F(Payload, OfAnIntegerThatDoesNotFitIsAnErrorAtTheCall) {
  const auto small = app.task<std::int16_t>("small");
  EXPECT_THAT(message_of<UsageError>([&] { small.delay(40'000); }),
              HasSubstr("task 'small': argument 1 is 40000, and its type takes -32768 to 32767"));
  EXPECT_THROW(receipt.delay(std::numeric_limits<std::uint64_t>::max()), UsageError);
  EXPECT_TRUE(take_arrived().empty());
}

}  // namespace
}  // namespace aftercommit
