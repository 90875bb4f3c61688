#include "client/app/periodic_rules.hpp"

#include <algorithm>
#include <string_view>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

/// Without what would have to be escaped wherever it is kept or typed.
bool is_periodic_name(std::string_view name) {
  constexpr std::size_t kMost = 100;
  return !name.empty() && name.size() <= kMost && !name.starts_with(' ') && !name.ends_with(' ') &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

/// What contradicts that there is a durable job at each tick; empty: nothing.
std::string flaw_of(const CallOptions& call) {
  if (call.delivery && *call.delivery != Delivery::kDurable) {
    return "its jobs are durable, and its options name another delivery";
  }
  if (call.eta) return "its options name an eta, and the schedule says when its jobs start";
  if (call.tick) return "its options name a tick, and the schedule says which it is";
  if (call.transaction != nullptr) {
    return "its options name a transaction, and its jobs are asked for by a worker, in one of its own";
  }
  return {};
}

}  // namespace

void check_periodic(const PeriodicEntry& periodic, const std::string& app) {
  constexpr std::size_t kMost = 1000;
  if (!is_periodic_name(periodic.name)) {
    throw UsageError{"periodic task name '" + in_one_line(periodic.name, 100) +
                     "' is not valid: 1 to 100 printable characters of ASCII, without \" and \\, and without "
                     "spaces around them"};
  }
  const auto start = "periodic task '" + periodic.name + "' of app '" + app + "' cannot be declared: ";
  if (periodic.task == nullptr) throw UsageError{start + "its task is not of this app"};
  if (const auto flaw = flaw_of(periodic.options.call); !flaw.empty()) throw UsageError{start + flaw};
  if (periodic.options.at_most < 1 || periodic.options.at_most > kMost) {
    throw UsageError{start + "at_most is from 1 to " + std::to_string(kMost) + ", not " +
                     std::to_string(periodic.options.at_most)};
  }
  if (periodic.options.grace < std::chrono::seconds{1}) {
    throw UsageError{start + "grace is 1 s at least: no tick is seen the moment it comes"};
  }
}

}  // namespace aftercommit::detail
