#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/testing_eager.hpp"
#include "client/app/app_core.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {
namespace {

using aftercommit::detail::JobSender;
using aftercommit::detail::PendingJob;

/// Sends them as ever, and has them run.
class EagerSender final : public JobSender {
 public:
  EagerSender(Kit& kit, std::shared_ptr<JobSender> inner) : kit_{kit}, inner_{std::move(inner)} {}

  void send(std::vector<PendingJob> jobs) override {
    inner_->send(std::move(jobs));
    has_sent();
  }
  void send_now(std::vector<Outgoing> jobs, const std::vector<JobId>& ids) override {
    inner_->send_now(std::move(jobs), ids);
    has_sent();
  }
  void end() noexcept override { inner_->end(); }

 private:
  void has_sent() {
    if (std::this_thread::get_id() == thread_) kit_.run_eagerly();
  }

  Kit& kit_;  // not owned, outlives this, as it is kept by the app
  const std::shared_ptr<JobSender> inner_;
  const std::thread::id thread_ = std::this_thread::get_id();
};

}  // namespace

struct Eager::Impl {
  Kit& kit;
  Kit::EagerRuns runs;
  std::shared_ptr<JobSender> before{};
};

Eager::Eager(App& app, const EagerOptions& options)
    : impl_{std::make_unique<Impl>(Impl{.kit = Kit::of(app), .runs = {.options = options}})} {
  auto& kit = impl_->kit;
  kit.check_free("begin to run jobs at each commit");
  if (kit.eager() != nullptr)
    throw UsageError{"app '" + app.name() + "' runs its jobs at each commit already"};
  auto& core = app.core();
  impl_->before = core.sender();
  core.set_sender(std::make_shared<EagerSender>(kit, impl_->before));
  kit.eager() = &impl_->runs;
}

Eager::~Eager() {
  impl_->kit.app().core().set_sender(impl_->before);
  impl_->kit.eager() = nullptr;
}

const std::vector<JobRun>& Eager::runs() const noexcept { return impl_->runs.runs; }

}  // namespace aftercommit::testing
