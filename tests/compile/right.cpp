// What the snippets beside this one do wrong, done right.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

namespace {

struct Money {
  long cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Money, cents)

}  // namespace

void ask(const aftercommit::Task<long, std::string>& remind, const aftercommit::Task<Money>& pay) {
  remind.delay(7, "soon");
  remind.apply_async({.countdown = 5s}, 7, "soon");
  const aftercommit::CallOptions options{.queue = "mail"};
  remind.apply_async(options, 7, "soon");
  pay.delay(Money{250});
  pay.run([](const Money&) {});
}
