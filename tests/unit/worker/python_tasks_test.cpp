/// What `worker --python-tasks` makes of tasks.
#include "worker/python_tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/flow.hpp"
#include "aftercommit/parameter_words.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParameterWords, NameWhatATypeIsInJson) {
  using detail::parameter_word;
  EXPECT_EQ(parameter_word<bool>(), "boolean");
  EXPECT_EQ(parameter_word<std::uint8_t>(), "integer");
  EXPECT_EQ(parameter_word<float>(), "number");
  EXPECT_EQ(parameter_word<std::string>(), "text");
  EXPECT_EQ(parameter_word<std::optional<std::vector<long>>>(), "optional list of integer");
  EXPECT_EQ((parameter_word<std::array<std::set<std::string>, 2>>()), "list of list of text");
  EXPECT_EQ((parameter_word<std::map<std::string, double>>()), "map of number");
  EXPECT_EQ((parameter_word<std::map<int, double>>()), "value");
  EXPECT_EQ(parameter_word<nlohmann::json>(), "value");
  EXPECT_EQ((detail::ParameterWords<int(long, const std::string&)>::words()),
            (std::vector<std::string>{"integer", "text"}));
}

TEST(PythonTasks, HaveTypedCallsAndWhatWhoAsksHasToSay) {
  App app{"shop", {.redis_url = "redis://127.0.0.1:1/0"}};
  app.task<long, std::optional<std::map<std::string, double>>>("send-receipt", {.queue = "mail",
                                                                                .max_retries = 3,
                                                                                .expires = 1500ms,
                                                                                .database = "orders",
                                                                                .priority = Priority::kHigh});
  app.task<int()>("class", {.unique = Unique{.for_ = 1h, .on_duplicate = Unique::kReplace}});
  const auto text = python_tasks(app);
  EXPECT_THAT(text, HasSubstr("The tasks of the app 'shop' for aftercommit in Python"));
  EXPECT_THAT(
      text,
      HasSubstr("    def delay(self, arg1: int, arg2: Optional[Mapping[str, float]], /) -> AsyncResult:\n"
                "        return super().delay(arg1, arg2)\n"));
  EXPECT_THAT(text, HasSubstr("args: Tuple[int, Optional[Mapping[str, float]]], kwargs: None = None"));
  EXPECT_THAT(text,
              HasSubstr("\nsend_receipt = _send_receipt(\"send-receipt\", queue=\"mail\", using=\"orders\", "
                        "priority=\"high\", expires=1.500)\n"));
  EXPECT_THAT(text, HasSubstr("    def delay(self) -> AsyncResult:\n"));
  EXPECT_THAT(text, HasSubstr("\nclass_ = _class_(\"class\", unique_for=3600, on_duplicate=\"replace\")\n"));
  EXPECT_THAT(text, Not(HasSubstr("max_retries"))) << "which workers know by themselves";
}

TEST(PythonTasks, OfFlowsHaveTypedCallsAsWell) {
  App app{"shop"};
  app.flow<long, std::string>("fulfil");
  EXPECT_THAT(python_tasks(app), HasSubstr("    def delay(self, arg1: int, arg2: str, /) -> AsyncResult:\n"
                                           "        return super().delay(arg1, arg2)\n"));
}

TEST(PythonTasks, HaveNamesOfTheirOwn) {
  App app{"shop"};
  app.task<>("a.b");
  app.task<>("a-b");
  app.task<>("7");
  app.task<>("Task");
  const auto text = python_tasks(app);
  for (const auto* const name : {"\na_b = _a_b(\"a-b\")", "\na_b_ = _a_b_(\"a.b\")", "\n_7 = __7(\"7\")",
                                 "\nTask_ = _Task_(\"Task\")"})
    EXPECT_THAT(text, HasSubstr(name));
}

TEST(PythonTasks, HideNothingBuiltInThatTheModuleUses) {
  App app{"shop"};
  for (const auto* const name : {"bool", "float", "int", "str", "super"}) app.task<>(name);
  const auto text = python_tasks(app);
  for (const std::string name : {"bool", "float", "int", "str", "super"})
    EXPECT_THAT(text, HasSubstr("\n" + name + "_ = _" + name + "_(\"" + name + "\")"));
}

TEST(PythonTasks, HaveNamesThatAreNoClassOfAnotherOne) {
  App app{"shop"};
  app.task<>("foo");
  app.task<>("_foo");
  const auto text = python_tasks(app);
  for (const auto* const name :
       {"\nclass __foo(Task)", "\n_foo = __foo(\"_foo\")", "\nclass _foo_(Task)", "\nfoo_ = _foo_(\"foo\")"})
    EXPECT_THAT(text, HasSubstr(name));
  EXPECT_THAT(text, Not(HasSubstr("\nclass _foo(")));
}

}  // namespace
}  // namespace aftercommit::worker
