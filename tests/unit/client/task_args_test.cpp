/// The arguments of a task: what compiles, what travels as which JSON, and what is refused on arrival.
#include "aftercommit/task_args.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "aftercommit/task.hpp"

namespace shop {

struct Money {
  long cents = 0;
  std::string currency;
  friend bool operator==(const Money&, const Money&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Money, cents, currency)

enum class Colour { kRed, kBlue };
NLOHMANN_JSON_SERIALIZE_ENUM(Colour, {{Colour::kRed, "red"}, {Colour::kBlue, "blue"}})

}  // namespace shop

namespace aftercommit::detail {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// Whether task.delay(given...) compiles for a task of these arguments.
template <class TaskType, class... Given>
concept Delays = TaskType::template kTakes<Given...>;

// Wrong argument types do not compile: no test to run, if this file compiles they hold.
static_assert(Delays<Task<long>, long> && Delays<Task<long>, int> && Delays<Task<long>, unsigned>);
static_assert(!Delays<Task<long>, double> && !Delays<Task<long>, float>, "a fraction would be cut off");
static_assert(!Delays<Task<long>, std::string> && !Delays<Task<long>, const char*>);
static_assert(!Delays<Task<long>, bool> && !Delays<Task<bool>, int>, "a bool is no number");
static_assert(!Delays<Task<bool>, const char*> && !Delays<Task<bool>, std::nullptr_t>,
              "a pointer is no bool");
static_assert(!Delays<Task<long>> && !Delays<Task<long>, long, long> && !Delays<Task<>, long>, "wrong count");
static_assert(Delays<Task<>> && Delays<Task<bool>, bool> && Delays<Task<double>, int> &&
              Delays<Task<double>, float>);
static_assert(Delays<Task<std::string>, const char*> && Delays<Task<std::string>, std::string>);
static_assert(!Delays<Task<std::string>, int> && !Delays<Task<std::string>, char>);
static_assert(Delays<Task<shop::Money>, shop::Money> && !Delays<Task<shop::Money>, long>);
static_assert(!Delays<Task<shop::Colour>, int> && !Delays<Task<int>, shop::Colour>);
static_assert(Delays<Task<std::optional<long>>, int> && Delays<Task<std::optional<long>>, std::nullopt_t> &&
              Delays<Task<std::optional<long>>, std::optional<int>>);
static_assert(!Delays<Task<std::optional<long>>, double> && !Delays<Task<std::optional<bool>>, const char*> &&
                  !Delays<Task<std::optional<long>>, std::optional<double>> &&
                  !Delays<Task<std::optional<long>>>,
              "an optional argument is no back door, and is given at the call");
static_assert(std::convertible_to<int, TaskCall<long>> &&
              std::convertible_to<std::tuple<long>, TaskCall<long>>);
static_assert(!std::convertible_to<double, TaskCall<long>> && !std::convertible_to<bool, TaskCall<long>>,
              "one call among many is as strict");
static_assert(Delays<Task<std::pair<int, long>>, std::pair<int, int>> &&
              Delays<Task<std::tuple<int, double>>, std::pair<int, float>>);
static_assert(!Delays<Task<std::pair<int, long>>, std::pair<int, double>> &&
                  !Delays<Task<std::optional<std::pair<int, int>>>, std::optional<std::pair<double, int>>> &&
                  !Delays<Task<std::tuple<int, bool>>, std::tuple<int, int>> &&
                  Delays<Task<std::tuple<int, bool>>, std::tuple<short, bool>>,
              "a pair or a tuple is no back door");

/// Whether {{call}, {call}} is many calls of a task of this argument.
template <class Arg, class Call>
concept DelaysMany = requires(Call call) {
  std::vector<TaskCall<Arg>>{{call}, {call}};
};
static_assert(DelaysMany<long, long> && DelaysMany<long, int> && DelaysMany<std::string, const char*>);
static_assert(DelaysMany<long, std::tuple<long>>);
static_assert(!DelaysMany<long, double> && !DelaysMany<long, bool> && !DelaysMany<long, std::string> &&
                  !DelaysMany<bool, const char*>,
              "the bulk form is as strict");

template <class... Args>
std::tuple<Args...> there_and_back(const Args&... args) {
  return decode_args<Args...>(json::parse(encode_args<Args...>(args...).dump()), "pay");
}

/// Why a job's arguments do not suit a task of these.
template <class... Args>
std::string refusal(const char* args) {
  try {
    decode_args<Args...>(json::parse(args), "pay");
  } catch (const BadArguments& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(TaskArgs, TravelAsOneArray) {
  EXPECT_EQ(encode_args<>(), json::parse("[]"));
  EXPECT_EQ((encode_args<long, std::string, bool, double>(7, "x", true, 0.5)),
            json::parse(R"([7,"x",true,0.5])"));
  EXPECT_EQ((encode_args<std::vector<int>, std::map<std::string, int>>({1, 2}, {{"a", 1}})),
            json::parse(R"([[1,2],{"a":1}])"));
}

TEST(TaskArgs, ComeBackAsTheyWere) {
  EXPECT_EQ(there_and_back<long>(-7), std::tuple{-7L});
  EXPECT_EQ(
      there_and_back(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::uint64_t>::max()),
      (std::tuple{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::uint64_t>::max()}));
  EXPECT_EQ(there_and_back(0.1, 'x', std::string{"\0\n\"ä", 6}, false),
            (std::tuple{0.1, 'x', std::string{"\0\n\"ä", 6}, false}));
  EXPECT_EQ(there_and_back(json{{"free", {1, nullptr}}}), (std::tuple{json{{"free", {1, nullptr}}}}));
}

TEST(TaskArgs, MayBeTypesOfTheApplicationByNlohmannsConversions) {
  EXPECT_EQ((encode_args<shop::Money, shop::Colour>({250, "EUR"}, shop::Colour::kBlue)),
            json::parse(R"([{"cents":250,"currency":"EUR"},"blue"])"));
  EXPECT_EQ(there_and_back(shop::Money{250, "EUR"}, shop::Colour::kRed),
            (std::tuple{shop::Money{250, "EUR"}, shop::Colour::kRed}));
  EXPECT_THAT(refusal<shop::Money>(R"([{"cents":250}])"),
              HasSubstr("argument 1 of task 'pay' does not convert: "));
}

TEST(TaskArgs, MayBeOptional) {
  using Maybe = std::optional<long>;
  EXPECT_EQ(encode_args<Maybe>(std::nullopt), json::parse("[null]"));
  EXPECT_EQ(encode_args<Maybe>(7), json::parse("[7]"));
  EXPECT_EQ(there_and_back(Maybe{7}, Maybe{}), (std::tuple{Maybe{7}, Maybe{}}));
}

TEST(TaskArgs, MayLackWhatIsOptionalAtTheEndSoThatATaskCanGrowBetweenDeploys) {
  using Maybe = std::optional<long>;
  EXPECT_EQ((decode_args<long, Maybe, Maybe>(json::parse("[1]"), "pay")), (std::tuple{1L, Maybe{}, Maybe{}}));
  EXPECT_EQ((decode_args<long, Maybe, Maybe>(json::parse("[1,2]"), "pay")),
            (std::tuple{1L, Maybe{2}, Maybe{}}));
  EXPECT_THAT((refusal<long, Maybe>("[]")), HasSubstr("takes 1 to 2 arguments, the job has 0"));
  EXPECT_THAT((refusal<Maybe, long>("[1]")), HasSubstr("takes 2 arguments, the job has 1"));
}

TEST(TaskArgs, OfTheWrongCountAreRefused) {  // P9
  EXPECT_EQ(refusal<>("[1]"), "task 'pay' takes 0 arguments, the job has 1");
  EXPECT_EQ(refusal<long>("[]"), "task 'pay' takes 1 arguments, the job has 0");
  EXPECT_EQ((refusal<long, long>("[1,2,3]")), "task 'pay' takes 2 arguments, the job has 3");
}

TEST(TaskArgs, ThatWouldQuietlyBecomeSomethingElseAreRefusedByTheirPlace) {  // P9
  for (const auto* args :
       {"[1.5]", "[1.0]", "[true]", "[\"1\"]", "[null]", "[[1]]", "[9223372036854775808]", "[1e3]"}) {
    EXPECT_THAT(refusal<std::int64_t>(args), HasSubstr("argument 1 of task 'pay' does not convert: "))
        << args;
  }
  EXPECT_THAT((refusal<long, std::uint8_t>("[1,256]")),
              HasSubstr("argument 2 of task 'pay' does not convert: "));
  EXPECT_THAT(refusal<std::uint8_t>("[-1]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<bool>("[1]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<bool>("[null]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<double>("[\"1\"]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<double>("[true]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<std::string>("[1]"), HasSubstr("does not convert"));
  EXPECT_THAT(refusal<std::optional<long>>("[1.5]"), HasSubstr("does not convert"));
}

TEST(TaskArgs, TakeAWholeNumberWhereAFractionIsDeclared) {
  EXPECT_EQ(decode_args<double>(json::parse("[2]"), "pay"), std::tuple{2.0});
}

/// What is wrong with the arguments of a call, and where.
template <class... Args, class... Given>
std::pair<std::size_t, std::string> flaw_of(Task<Args...>*, Given... given) {
  CallFlaw flaw;
  convert_all<Args...>(flaw, given...);
  return {flaw.position, flaw.text};
}
template <class... Args>
constexpr Task<Args...>* kTask = nullptr;

TEST(TaskArgs, GivenAsIntegersThatDoNotFitAreAnErrorAndNeverAnotherNumber) {
  using Byte = std::int8_t;
  const std::pair<std::size_t, std::string> none{};
  EXPECT_EQ(flaw_of(kTask<Byte>, 127), none);
  EXPECT_EQ(flaw_of(kTask<Byte>, 128), std::pair(1UL, std::string{"is 128, and its type takes -128 to 127"}));
  EXPECT_EQ(flaw_of(kTask<long, unsigned>, 1, -1).second, "is -1, and its type takes 0 to 4294967295");
  EXPECT_EQ(flaw_of(kTask<long, unsigned, Byte>, 1, -1, 300).first, 2U) << "the first one";
  EXPECT_EQ(flaw_of(kTask<long>, std::numeric_limits<std::uint64_t>::max()).first, 1U);
  EXPECT_EQ(flaw_of(kTask<std::optional<Byte>>, 128).first, 1U);
  EXPECT_EQ(flaw_of(kTask<std::optional<Byte>>, std::optional{128}).first, 1U);
  EXPECT_EQ(flaw_of(kTask<std::optional<Byte>>, std::optional<int>{}), none);
  EXPECT_EQ(flaw_of(kTask<std::optional<Byte>>, std::nullopt), none);
  EXPECT_EQ(flaw_of(kTask<int, std::pair<Byte, std::string>>, 1, std::pair{300, "x"}).first, 2U);
  EXPECT_EQ(flaw_of(kTask<std::tuple<Byte, std::optional<Byte>>>, std::tuple{1, std::optional{300}}).first,
            1U);
}

}  // namespace
}  // namespace aftercommit::detail
