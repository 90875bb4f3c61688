#include <algorithm>
#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/testing_capture.hpp"
#include "client/transaction/session.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {
namespace {

/// While it lives, what runs jobs does no more than what waits since then.
class Capturing {
 public:
  Capturing(Kit& kit, Kit::Capture& capture) : kit_{kit} { kit_.capture() = &capture; }
  ~Capturing() { kit_.capture() = nullptr; }
  Capturing(const Capturing&) = delete;
  Capturing& operator=(const Capturing&) = delete;

 private:
  Kit& kit_;  // not owned, outlives this
};

}  // namespace

Captured capture_on_commit(App& app, const std::function<void()>& body, const CaptureOptions& options) {
  auto& kit = Kit::of(app);
  kit.check_free("capture what waits for a commit");
  const auto sessions = kit.sessions_under_test();
  if (sessions.empty()) {
    throw UsageError{
        "cannot capture what waits for a commit: this thread is in no test's transaction, so the code's own "
        "commit does it; make a RolledBackTransaction first, or derive the test from TransactionTest"};
  }
  if (kit.capture() != nullptr) throw UsageError{"capture_on_commit() is at work already, around this call"};
  Kit::Capture capture;
  for (const auto* const session : sessions) capture.began[session] = session->waiting().mark();
  const Capturing capturing{kit, capture};
  body();
  kit.check_free("end the capture of what waits for a commit");
  if (options.execute) {
    auto runs = kit.drain({});
    capture.captured.runs = std::move(runs);
    return std::move(capture.captured);
  }
  for (const auto* const session : sessions) {
    const auto since = kit.began(*session);
    std::ranges::move(session->waiting().hooks_since(since), std::back_inserter(capture.captured.hooks));
    for (const auto* const job : session->waiting().jobs_since(since)) {
      if (auto seen = described(*job, app)) capture.captured.jobs.push_back(*std::move(seen));
    }
  }
  return std::move(capture.captured);
}

}  // namespace aftercommit::testing
