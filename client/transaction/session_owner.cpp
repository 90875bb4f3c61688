/// Whose a session is: its thread's, while that lives, and its process's.
#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/process/forks.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using Sessions = std::vector<std::shared_ptr<Session>>;

/// One for each database that this thread has used; a handful, so a search beats a map.  Without a destructor
/// of its own: what is destroyed after it, while the thread or the process ends, may use a database too.
thread_local Sessions* sessions = nullptr;

/// Runs when all objects of the thread are gone; on the main thread, which ends with the process, never.
void end_sessions(void* all) noexcept {
  sessions = nullptr;  // for code that runs even later
  const std::unique_ptr<Sessions> ended{static_cast<Sessions*>(all)};
  for (const auto& session : *ended) session->end_of_thread();
}

pthread_key_t make_key() {
  pthread_key_t key{};
  const int error = ::pthread_key_create(&key, end_sessions);
  if (error != 0) throw std::system_error{error, std::generic_category(), "cannot watch for a thread's end"};
  return key;
}

Sessions& sessions_of_this_thread() {
  if (sessions != nullptr) return *sessions;
  static const auto key = make_key();
  auto made = std::make_unique<Sessions>();
  if (const int error = ::pthread_setspecific(key, made.get()); error != 0)
    throw std::system_error{error, std::generic_category(), "cannot watch for a thread's end"};
  return *(sessions = made.release());
}

}  // namespace

Session* Session::find(const DatabaseCore& core) noexcept {
  if (sessions == nullptr) return nullptr;
  for (const auto& session : *sessions) {
    if (session->core_.get() == &core) return session.get();
  }
  return nullptr;
}

const std::shared_ptr<Session>& Session::share(const std::shared_ptr<DatabaseCore>& core) {
  auto& own = sessions_of_this_thread();
  const auto found = std::ranges::find(own, core, &Session::core_);
  if (found != own.end()) return *found;
  std::erase_if(own,
                [](const auto& session) { return session->core_.use_count() == 1; });  // database is gone
  return own.emplace_back(std::make_shared<Session>(core));
}

/// Savepoints and blocks of one session are never taken for those of another.
std::uint64_t Session::first_transaction_number() noexcept {
  constexpr int kTransactionsOfOne = 36;  // bits
  static std::atomic<std::uint64_t> sessions_made{0};
  return (++sessions_made << kTransactionsOfOne) + 1;
}

Session::Session(std::shared_ptr<DatabaseCore> core) : core_{std::move(core)}, forks_{forks()} {}

Session::~Session() {
  if (open_ || ahead_ != nullptr) lease_.discard();  // nobody will commit this
}

void Session::end_of_thread() noexcept {
  ended_ = true;
  if (open_ || ahead_ != nullptr) drop_lease(false);
}

bool Session::is_of_this_thread() const noexcept {
  return thread_ == std::this_thread::get_id() && !ended_;  // a later thread may have the same id
}

void Session::abandon(const BlockId& block) noexcept {
  const std::lock_guard lock{lease_mutex_};
  if (transaction_number_ != block.transaction) return;  // it has ended without this block
  abandoned_ = abandoned_ == 0 ? block.depth : std::min<std::size_t>(abandoned_, block.depth);
  if (lease_) lease_->sever();
}

void Session::check_thread(std::string_view verb) const {
  if (!is_of_this_thread()) {
    throw UsageError{"cannot " + std::string{verb} + " on " + name() +
                     " from another thread than the one that opened the transaction"};
  }
}

void Session::check_owner(std::string_view verb) {
  check_thread(verb);
  if (notice_abandoned()) {
    throw UsageError{"cannot " + std::string{verb} + " on " + name() + ": " + kAbandoned +
                     ", and its transaction was rolled back; a transaction belongs to its thread"};
  }
  notice_fork();
  if (forked_) {
    throw UsageError{"cannot " + std::string{verb} + " on " + name() + ": " + kForked +
                     ", which alone can go on with it"};
  }
}

bool Session::notice_abandoned() noexcept {
  if (abandoned_.load(std::memory_order_relaxed) == 0) return false;
  {
    const std::lock_guard lock{lease_mutex_};
    const auto depth = abandoned_.exchange(0);
    blocks_.resize(std::min(blocks_.size(), depth - 1));
  }
  lose(kAbandoned);
  if (blocks_.empty() && autocommit_) end_by_rollback();
  return true;
}

/// In a child the transaction and its connection are its parent's: nothing of it may be sent here.
void Session::notice_fork() noexcept {
  if (std::exchange(forks_, forks()) == forks_ || !(open_ || ahead_ != nullptr)) return;
  forked_ = true;
  lose(kForked);
}

void Session::lose(std::string_view why) noexcept {
  lost_ = true;
  failure_ = why;
}

}  // namespace aftercommit::detail
