/// Numbers inside containers and types of the application's own: as strict as an argument that is a number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aftercommit/task.hpp"

namespace shop {

struct Line {
  int count = 0;
  double weight = 0;
  float rate = 0;
  bool gift = false;
  friend bool operator==(const Line&, const Line&) = default;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE_WITH_DEFAULT(Line, count, weight, rate, gift)
};

struct Order {
  std::vector<Line> lines;
  std::map<std::string, std::uint8_t> stock;
  std::set<int> shelves;
  std::unordered_set<std::int64_t> customers;
  std::unordered_map<int, short> by_number;
  friend bool operator==(const Order&, const Order&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Order, lines, stock, shelves, customers, by_number)

enum class Size : std::uint8_t { kSmall = 1, kLarge = 2 };  // travels as a number

/// Reads what its own to_json would not write.
struct Name {
  std::string text;
};
inline void to_json(nlohmann::json& json, const Name& name) { json = {{"text", name.text}}; }
inline void from_json(const nlohmann::json& json, Name& name) {
  name.text = json.is_object() ? json.at("text").get<std::string>() : std::to_string(json.get<int>());
}

/// Only ever read.
struct Inbound {
  int number = 0;
};
inline void from_json(const nlohmann::json& json, Inbound& inbound) {
  json.at("number").get_to(inbound.number);
}

struct Tree {
  std::vector<Tree> branches;
  friend bool operator==(const Tree&, const Tree&) = default;
};
inline void to_json(nlohmann::json& json, const Tree& tree) {
  json = nlohmann::json::array({tree.branches.size()});
  for (const auto& branch : tree.branches) json.push_back(branch);
}
inline void from_json(const nlohmann::json& json, Tree& tree) {
  for (std::size_t i = 1; i < json.size(); ++i) tree.branches.push_back(json.at(i).get<Tree>());
}

}  // namespace shop

namespace aftercommit::detail {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kAccepted = "(accepted)";

/// Why an argument of this type cannot be had from this JSON.
template <class T>
std::string refusal_of(const std::string& argument) {
  try {
    decode_args<T>(json::parse("[" + argument + "]"), "pay");
  } catch (const BadArguments& error) {
    return error.what();
  }
  return kAccepted;
}

template <class T>
T there_and_back(const T& value) {
  return std::get<0>(decode_args<T>(json::parse(encode_args<T>(value).dump()), "pay"));
}

/// What no integer of this kind of container may be made of.
template <class T>
void expect_strict(const std::string& before, const std::string& after) {
  for (const std::string number : {"3000000000", "-3000000000", "1.9", "1.0", "true", "1e3", "null", "\"1\"",
                                   "[1]", "9223372036854775808"}) {
    EXPECT_THAT(refusal_of<T>(before + number + after),
                StartsWith("argument 1 of task 'pay' does not convert: at ["))
        << number;
  }
  EXPECT_EQ(refusal_of<T>(before + "-2147483648" + after), kAccepted);
}

TEST(TaskValues, InEveryContainerAreAsStrictAsAnArgumentOfTheirOwn) {  // P9
  expect_strict<std::vector<int>>("[7,", "]");
  expect_strict<std::deque<int>>("[", "]");
  expect_strict<std::list<int>>("[7,", ",7]");
  expect_strict<std::forward_list<int>>("[7,", "]");
  expect_strict<std::array<int, 2>>("[7,", "]");
  expect_strict<std::set<int>>("[", "]");
  expect_strict<std::multiset<int>>("[", "]");
  expect_strict<std::unordered_set<int>>("[", "]");
  expect_strict<std::map<std::string, int>>(R"({"a":)", "}");
  expect_strict<std::unordered_map<std::string, int>>(R"({"a":)", "}");
  expect_strict<std::map<int, int>>("[[7,", "]]");
  expect_strict<std::map<int, int>>("[[", ",7]]");
  expect_strict<std::unordered_multimap<int, int>>("[[7,", "]]");
  expect_strict<std::pair<int, std::string>>("[", ",\"x\"]");
  expect_strict<std::tuple<std::string, int, int>>("[\"x\",7,", "]");
}

TEST(TaskValues, AtEveryDepthAreAsStrict) {  // P9
  expect_strict<std::vector<std::vector<int>>>("[[],[7,", "]]");
  expect_strict<std::map<std::string, std::vector<std::pair<int, int>>>>(R"({"a":[[7,)", "]]}");
  expect_strict<std::optional<std::vector<int>>>("[", "]");
  expect_strict<std::tuple<std::optional<std::array<int, 1>>>>("[[", "]]");
}

TEST(TaskValues, ThatAFloatCannotHoldAreRefusedAndNotInfinite) {  // P9
  for (const std::string number : {"1e300", "-1e300", "3.5e38"}) {
    EXPECT_THAT(refusal_of<float>(number), HasSubstr("is not a number that its type can hold")) << number;
    EXPECT_THAT(refusal_of<std::optional<float>>(number), HasSubstr("can hold"));
    EXPECT_THAT((refusal_of<std::map<std::string, float>>("{\"a\":" + number + "}")),
                HasSubstr("at [\"a\"]"));
    EXPECT_NE(refusal_of<shop::Line>("{\"count\":1,\"rate\":" + number + "}"), kAccepted);
  }
  EXPECT_EQ(refusal_of<float>("3.4e38"), kAccepted);
  EXPECT_EQ(refusal_of<double>("1e300"), kAccepted);
}

TEST(TaskValues, OfAVectorOfIntegersAreRefusedByTheirPlace) {  // P9
  EXPECT_EQ(refusal_of<std::vector<int>>("[3000000000, 1.9, true]"),
            "argument 1 of task 'pay' does not convert: at [0]: 3000000000 is not a whole number from "
            "-2147483648 to "
            "2147483647");
  EXPECT_EQ((refusal_of<std::map<std::string, std::vector<bool>>>(R"({"a":[true,1]})")),
            "argument 1 of task 'pay' does not convert: at [\"a\"][1]: [json.exception.type_error.302] type "
            "must be "
            "boolean, but is number");
  EXPECT_THAT((refusal_of<std::pair<double, float>>(R"([1, "1"])")),
              HasSubstr("at [1]: a text is not a number"));
}

TEST(TaskValues, AreRefusedWhereTheirNumberIsAnother) {  // nlohmann would take the first two
  EXPECT_THAT((refusal_of<std::array<int, 2>>("[1,2,3]")), HasSubstr("an array of 3 is not an array of 2"));
  EXPECT_THAT((refusal_of<std::pair<int, int>>("[1,2,3]")), HasSubstr("an array of 3 is not an array of 2"));
  EXPECT_THAT((refusal_of<std::tuple<int, int>>("[1]")), HasSubstr("an array of 1 is not an array of 2"));
  EXPECT_THAT((refusal_of<std::map<int, int>>("[[1,2],[1,3]]")),
              HasSubstr("is not a map with each key once"));
  EXPECT_EQ((refusal_of<std::set<int>>("[1,1]")), kAccepted) << "a set is one all the same";
}

TEST(TaskValues, InContainersComeBackAsTheyWere) {
  using Ints = std::vector<int>;
  EXPECT_EQ(there_and_back(Ints{1, -2}), (Ints{1, -2}));
  EXPECT_EQ(there_and_back(std::vector<bool>{true, false}), (std::vector<bool>{true, false}));
  EXPECT_EQ(there_and_back(std::vector<char>{'a', '\xff'}), (std::vector<char>{'a', '\xff'}));
  EXPECT_EQ(there_and_back(std::vector<double>{0.1, -0.0, 1e300}), (std::vector<double>{0.1, -0.0, 1e300}));
  EXPECT_EQ(there_and_back(std::vector<float>{0.1F}), (std::vector<float>{0.1F}));
  EXPECT_EQ((there_and_back(std::map<int, std::string>{{1, "a"}, {2, "b"}})),
            (std::map<int, std::string>{{1, "a"}, {2, "b"}}));
  EXPECT_EQ((there_and_back(std::unordered_map<std::string, Ints>{{"a", {1}}})),
            (std::unordered_map<std::string, Ints>{{"a", {1}}}));
  EXPECT_EQ((there_and_back(std::forward_list<std::uint64_t>{1, std::numeric_limits<std::uint64_t>::max()})),
            (std::forward_list<std::uint64_t>{1, std::numeric_limits<std::uint64_t>::max()}));
  EXPECT_EQ((there_and_back(std::array<std::pair<int, std::tuple<>>, 1>{})),
            (std::array<std::pair<int, std::tuple<>>, 1>{}));
  using Named = std::pair<std::string, int>;
  EXPECT_EQ((there_and_back(std::pair<Named, Named>{{"a", 1}, {"b", 2}})),
            (std::pair<Named, Named>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ((there_and_back(std::map<Named, Named>{{{"a", 1}, {"b", 2}}})),
            (std::map<Named, Named>{{{"a", 1}, {"b", 2}}}));
  EXPECT_EQ(there_and_back(std::vector<json>{json{{"x", 1.5}}, nullptr}),
            (std::vector<json>{json{{"x", 1.5}}, nullptr}));
}

TEST(TaskValues, MayBeOptionalAtEveryDepth) {
  using Maybe = std::optional<int>;
  EXPECT_EQ(encode_args(std::vector<Maybe>{1, {}}), json::parse("[[1,null]]"));
  EXPECT_EQ(there_and_back(std::vector<Maybe>{1, {}}), (std::vector<Maybe>{1, {}}));
  EXPECT_EQ((there_and_back(std::map<std::string, Maybe>{{"a", {}}})),
            (std::map<std::string, Maybe>{{"a", {}}}));
  EXPECT_EQ((there_and_back(std::map<int, std::pair<Maybe, std::tuple<Maybe>>>{{1, {2, {}}}})),
            (std::map<int, std::pair<Maybe, std::tuple<Maybe>>>{{1, {2, {}}}}));
  EXPECT_THAT(refusal_of<std::vector<Maybe>>("[1.5]"), HasSubstr("at [0]: 1.5 is not a whole number"));
}

TEST(TaskValues, OfAnApplicationsOwnTypeAreAsStrict) {  // P9
  using shop::Line, shop::Order;
  EXPECT_EQ(refusal_of<Line>(R"({"count":3000000000})"),
            "argument 1 of task 'pay' does not convert: at [\"count\"]: 3000000000 would become -1294967296");
  EXPECT_THAT(refusal_of<Line>(R"({"count":1.9})"), HasSubstr("at [\"count\"]: 1.9 would become 1"));
  EXPECT_THAT(refusal_of<Line>(R"({"count":1.0})"), HasSubstr("1.0 would become 1"));
  EXPECT_THAT(refusal_of<Line>(R"({"count":true})"), HasSubstr("true would become 1"));
  EXPECT_THAT(refusal_of<Line>(R"({"gift":1})"), HasSubstr("type must be boolean"));
  EXPECT_THAT(refusal_of<std::vector<Line>>(R"([{}, {"count":1e10}])"),
              HasSubstr("at [1][\"count\"]: 10000000000.0"));
  EXPECT_THAT(refusal_of<Order>(R"({"lines":[{"count":1},{"count":1.5}]})"),
              HasSubstr("at [\"lines\"][1][\"count\"]: 1.5 would become 1"));
  EXPECT_THAT(refusal_of<Order>(R"({"stock":{"a":256}})"),
              HasSubstr("at [\"stock\"][\"a\"]: 256 would become 0"));
  EXPECT_NE(refusal_of<Order>(R"({"shelves":[1,3000000000]})"), kAccepted);
  EXPECT_NE(refusal_of<Order>(R"({"shelves":[3000000000,3000000000]})"), kAccepted);
  EXPECT_NE(refusal_of<Order>(R"({"customers":[1,2,3.5]})"), kAccepted);
  EXPECT_NE(refusal_of<Order>(R"({"by_number":[[1,70000]]})"), kAccepted);
  EXPECT_THAT(refusal_of<shop::Size>("300"), HasSubstr("300 would become 44"));
  EXPECT_THAT(refusal_of<shop::Size>("1.5"), HasSubstr("1.5 would become 1"));
}

TEST(TaskValues, OfAnApplicationsOwnTypeAreNotRefusedForTheirForm) {
  using shop::Line, shop::Order;
  EXPECT_EQ(refusal_of<Line>(R"({"count":1,"weight":2,"rate":0.1,"gift":true,"unknown":3.5})"), kAccepted);
  EXPECT_EQ(refusal_of<Line>("{}"), kAccepted) << "what is left out has its default";
  EXPECT_EQ(refusal_of<Line>(R"({"weight":9007199254740993})"), kAccepted) << "as a double alone takes it";
  EXPECT_EQ(refusal_of<Order>(R"({"shelves":[3,1,2,1],"customers":[5,4,3,2,1],"by_number":[[2,3],[1,4]]})"),
            kAccepted);
  EXPECT_EQ(refusal_of<shop::Name>("7"), kAccepted) << "a form of the past";
  EXPECT_EQ(refusal_of<shop::Size>("2"), kAccepted);
  const Order order{.lines = {{.count = 1, .weight = 0.1, .rate = 0.1F, .gift = true}},
                    .stock = {{"a", 255}},
                    .shelves = {3, -1},
                    .customers = {std::numeric_limits<std::int64_t>::min(), 7, 5},
                    .by_number = {{7, 1}, {5, 2}, {-9, 3}}};
  EXPECT_EQ(there_and_back(order), order);
}

TEST(TaskValues, OfATypeThatCannotBecomeJsonAreLeftToItsOwnConversion) {
  EXPECT_EQ(refusal_of<shop::Inbound>(R"({"number":1.5})"), kAccepted);
}

TEST(TaskValues, AreComparedInATimeThatDoesNotGrowWithTheirNesting) {
  std::string tree = "[0]";
  for (int depth = 0; depth < 60; ++depth) tree = "[1.5," + tree + "]";  // written anew it has 1
  EXPECT_THAT(refusal_of<shop::Tree>(tree), HasSubstr("would become"));
}

}  // namespace
}  // namespace aftercommit::detail
