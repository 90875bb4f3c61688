// What the snippets beside this one do wrong, done right.
#include <aftercommit/aftercommit.hpp>
#include <aftercommit/foreign/libpq.hpp>
#include <aftercommit/foreign/pqxx.hpp>
#include <list>

using namespace std::chrono_literals;

namespace {

struct Money {
  long cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Money, cents)

void write_down(long, const std::string&) {}

}  // namespace

void ask(const aftercommit::Task<long, std::string>& remind, const aftercommit::Task<Money>& pay,
         const aftercommit::Task<>& tidy_up) {
  remind.delay(7, "soon");
  remind.apply_async({.countdown = 5s}, 7, "soon");
  const aftercommit::CallOptions options{.queue = "mail"};
  remind.apply_async(options, 7, "soon");
  remind.apply_async({}, 7, "soon");
  pay.delay(Money{250});
  tidy_up.delay();
  tidy_up.apply_async({.countdown = 5s});
}

void ask_for_many(const aftercommit::Task<long, std::string>& remind,
                  const aftercommit::Task<std::vector<int>>& sum, const aftercommit::Task<>& tidy_up) {
  remind.delay_many({{7, "soon"}, {8, "later"}});
  remind.delay_many({});
  remind.apply_async_many({.countdown = 5s}, {{7, "soon"}, {8, "later"}});
  remind.apply_async_many({}, {});
  std::vector<std::tuple<long, std::string>> tuples{{7, "soon"}};
  remind.delay_many(tuples);
  remind.delay_many(std::as_const(tuples));
  remind.delay_many(std::move(tuples));
  const std::vector<aftercommit::TaskCall<long, std::string>> calls{{7, "soon"}};
  remind.delay_many(calls);
  remind.delay_many({calls.begin(), calls.end()});
  remind.apply_async_many({.queue = "mail"}, calls);
  remind.delay_many(std::list<std::tuple<long, std::string>>{{7, "soon"}});
  sum.delay_many({{std::vector{1, 2}}, {std::vector{3}}});
  tidy_up.delay_many({{}, {}});
}

void ask_in_others(const aftercommit::Task<long, std::string>& remind, PGconn* connection, pqxx::work& work) {
  remind.delay_in(work, 7, "soon");
  remind.delay_in(connection, 7, "soon");
  remind.apply_async_in(work, {.countdown = 5s}, 7, "soon");
  remind.apply_unique_in(work, {.unique = aftercommit::Unique{}}, 7, "soon");
  remind.delay_many_in(work, {{7, "soon"}, {8, "later"}});
  remind.apply_async_many_in(work, {.queue = "mail"}, {{7, "soon"}, {8, "later"}});
  remind.delay_many_in(work, std::vector<std::tuple<long, std::string>>{{7, "soon"}});
  remind.delay_in([](const aftercommit::ForeignStatement&) { return std::string{"1"}; }, 7, "soon");
}

void give_body(const aftercommit::Task<long, std::string>& remind, const aftercommit::Task<Money>& pay,
               const aftercommit::Task<>& tidy_up) {
  remind.run([](aftercommit::Job&, long, const std::string&) {});
  remind.run([](auto&&...) {});
  remind.run(write_down);
  pay.run([](const Money&) {});
  tidy_up.run([] {});
}
