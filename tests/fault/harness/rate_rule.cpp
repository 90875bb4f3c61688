#include "fault/harness/rate_rule.hpp"

#include <algorithm>
#include <cstddef>

namespace aftercommit::fault {
namespace {

constexpr long long kUsOfMs = 1000;
constexpr long long kLateUs = std::chrono::microseconds{kLateBegin}.count();

}  // namespace

std::vector<std::string> judge_rate(std::vector<BodyTime> bodies, const RateTerms& terms,
                                    const RateExcuses& excuses) {
  std::erase_if(bodies, [&](const BodyTime& body) {
    return std::ranges::any_of(excuses.freezes, [&](const Freeze& freeze) {
      return freeze.pid == body.pid && body.claimed_us >= freeze.from_ms * kUsOfMs - kLateUs &&
             body.claimed_us <= freeze.until_ms * kUsOfMs + kLateUs;
    });
  });
  std::ranges::sort(bodies, {}, &BodyTime::claimed_us);
  const auto step_us = std::chrono::microseconds{terms.per}.count() / terms.most;
  const auto allowed = [&](long long from_us, long long until_us) {
    const auto crashes = std::ranges::count_if(excuses.database_crashes, [&](long long at_ms) {
      return at_ms * kUsOfMs >= from_us - kLateUs && at_ms * kUsOfMs <= until_us + kLateUs;
    });
    return (until_us - from_us + kLateUs) / step_us + terms.burst + 1 + crashes * terms.most;
  };
  long long worst = 0;
  std::string sentence;
  for (std::size_t first = 0; first < bodies.size(); ++first) {
    for (std::size_t last = first; last < bodies.size(); ++last) {
      const auto from = bodies[first].claimed_us;
      const auto until = bodies[last].claimed_us;
      const auto count = static_cast<long long>(last - first + 1);
      const auto beyond = count - allowed(from, until);
      if (beyond <= worst) continue;
      worst = beyond;
      sentence = std::to_string(count) + " jobs began within " + std::to_string((until - from) / kUsOfMs) +
                 " ms, " + std::to_string(beyond) + " more than the rate allows, the first one job " +
                 bodies[first].job;
    }
  }
  if (sentence.empty()) return {};
  return {sentence};
}

}  // namespace aftercommit::fault
