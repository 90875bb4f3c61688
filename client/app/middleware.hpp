/// The middlewares of an app, called one within the other.
#pragma once

#include <functional>
#include <vector>

#include "aftercommit/job.hpp"
#include "aftercommit/middleware.hpp"

namespace aftercommit::detail {

/// In the order of their registration.
struct Middleware {
  std::vector<AroundEnqueue> enqueue{};
  std::vector<AroundRun> run{};
};

/// `ask` makes the jobs of the call.  Throws what they do, and UsageError for one that breaks the rule of
/// next(), as run_within().
void ask_within(const std::vector<AroundEnqueue>& middlewares, EnqueueCall& call,
                const std::function<void()>& ask);

/// Whoever runs the body of a task does it by this, which calls it at once where there is no middleware.
void run_within(const std::vector<AroundRun>& middlewares, Job& job, const std::function<void(Job&)>& body);

}  // namespace aftercommit::detail
