// `aftercommit limits`: what an operator sees of limits, and makes of one.
#include <gmock/gmock.h>

#include "client/job_table/limits.hpp"
#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CliLimits : public support::CliTest {
 protected:
  CliLimits() {
    detail::declare_limits(
        database, std::vector<detail::DeclaredLimit>{{.name = "bank", .most = 10, .per = 1s, .burst = 1},
                                                     {.name = "per customer", .most = 1, .per_key = true}});
  }
};

TEST_F(CliLimits, ListsSetsAndResetsThem) {
  EXPECT_THAT(run({"limits", "list"}).output,
              AllOf(HasSubstr("10 in 1000 ms"), HasSubstr("1 at once"), HasSubstr("each key")));
  EXPECT_THAT(run({"limits", "set", "per customer", "0"}).output,
              HasSubstr("limit 'per customer' is 0, in default: none of its jobs begins"));
  EXPECT_THAT(run({"limits", "set", "per customer", "0"}).output, HasSubstr("was 0 already"));
  const auto list = run_json({"limits", "list"}).at("limits");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("per_ms"), 1000);
  EXPECT_EQ(list[1].at("name"), "per customer");
  EXPECT_EQ(list[1].at("most"), 0);
  EXPECT_EQ(list[1].at("declared"), 1);
  EXPECT_TRUE(list[1].at("changed_at").is_string());
  EXPECT_EQ(run({"limits", "reset", "per customer"}).exit_code, 0);
  EXPECT_EQ(run_json({"limits", "list"}).at("limits")[1].at("most"), 1);
}

TEST_F(CliLimits, SaysWhatIsWrong) {
  EXPECT_EQ(run({"limits", "set", "bank"}).exit_code, 2);
  EXPECT_THAT(run({"limits", "set", "bank", "many"}).error,
              HasSubstr("takes a whole number from 0 to 10000"));
  const auto end = run({"limits", "set", "nobody", "1"});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.error, HasSubstr("there is no limit 'nobody'"));
}

}  // namespace
}  // namespace aftercommit
