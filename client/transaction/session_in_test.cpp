/// A session under the test of an application: the code's transactions are savepoints of the test's, and do
/// not know.
#include <utility>

#include "aftercommit/error.hpp"
#include "client/transaction/durable_insert.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

void Session::begin_test(std::function<void()> committed) {
  check_owner("begin a test's transaction");
  if (blocks_.size() != 1 || !autocommit_) {
    throw UsageError{"cannot begin a test's transaction on " + name() +
                     " inside an atomic block or in manual transaction management: leave that first"};
  }
  test_.emplace(Test{.committed = std::move(committed)});
}

/// The isolation is that of the test's transaction, whatever was asked for, and there always is a savepoint.
void Session::enter_under_test(const AtomicOptions& options, Riders* riders) {
  check_usable("open an atomic block");
  auto savepoint = open_savepoint();
  blocks_.push_back(
      {.kind = Block::Kind::kSavepoint, .savepoint = savepoint, .read_only = options.read_only});
  try {
    if (options.read_only) send("SET TRANSACTION READ ONLY");  // lasts as long as the savepoint
    if (riders != nullptr) riders->answer = server_.send_rider(riders->with_begin);
  } catch (...) {
    leave_failed(innermost());
    throw;
  }
  test_->riders = riders;
}

void Session::commit_under_test(const std::string& savepoint, std::atomic<bool>& committed) {
  const auto* const riders = std::exchange(test_->riders, nullptr);
  try {
    if (riders != nullptr) {
      riders->with_commit.for_each([&](const Rider& rider) { server_.send_rider(rider); });
    }
    release(savepoint);
  } catch (...) {
    give_up_savepoint(savepoint);
    throw;
  }
  committed = true;
  if (test_->committed) test_->committed();
}

void Session::write_rows(const std::vector<const PendingJob*>& jobs) {
  if (jobs.empty()) return;
  check_usable("keep durable jobs");
  const auto savepoint = open_savepoint();
  try {
    std::string text;
    append_durable_jobs(text, core_->statements, jobs, *server_.connection());
    if (!text.empty()) send(text);
    release(savepoint);
  } catch (...) {
    give_up_savepoint(savepoint);
    throw;
  }
}

void Session::check_constraints() {
  check_owner("check constraints");
  const auto& state = server_.state();
  if (in_block_of_code() || !state.on_server() || !state.healthy()) return;
  send("SET CONSTRAINTS ALL IMMEDIATE");
}

}  // namespace aftercommit::detail
