/// The transaction around a test.
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/testing_set_up.hpp"
#include "client/app/app_core.hpp"
#include "client/transaction/session.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {
namespace {

using aftercommit::detail::Session;

/// On one database.
class Wrapped {
 public:
  Wrapped(Database& database, Kit& kit) : block_{database}, session_{block_.transaction().session()} {
    session_.begin_test([&kit] { kit.code_committed(); });
  }
  ~Wrapped() { session_.end_test(); }
  Wrapped(const Wrapped&) = delete;
  Wrapped& operator=(const Wrapped&) = delete;

  Session& session() noexcept { return session_; }

 private:
  Atomic block_;
  Session& session_;  // of this thread, which outlives the block
};

}  // namespace

struct RolledBackTransaction::Impl {
  std::vector<std::unique_ptr<Wrapped>> all;
};

RolledBackTransaction::RolledBackTransaction(App& app) : impl_{std::make_unique<Impl>()} {
  auto& kit = Kit::of(app);
  kit.check_free("begin a test's transaction");
  if (!kit.sessions_under_test().empty())
    throw UsageError{"this thread is in the transaction of a test already"};
  for (const auto& [alias, database] : app.core().databases())
    impl_->all.push_back(std::make_unique<Wrapped>(*database, kit));
}

RolledBackTransaction::~RolledBackTransaction() = default;

void RolledBackTransaction::check_constraints() {
  for (const auto& wrapped : impl_->all) wrapped->session().check_constraints();
}

}  // namespace aftercommit::testing
