/// Whose a session is: its thread's, while that lives, and its process's.
#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/transaction/interrupt.hpp"
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

void Session::end_all_of_this_thread() noexcept {
  if (sessions == nullptr) return;
  for (const auto& session : *sessions) session->end_all();
}

const std::shared_ptr<Session>& Session::share(const std::shared_ptr<DatabaseCore>& core) {
  auto& own = sessions_of_this_thread();
  const auto found = std::ranges::find(own, core, &Session::core_);
  if (found != own.end()) return *found;
  std::erase_if(own,
                [](const auto& session) { return session->core_.use_count() == 1; });  // database is gone
  const auto& made = own.emplace_back(std::make_shared<Session>(core));
  Interrupt::made(made);
  return made;
}

Session::Session(std::shared_ptr<DatabaseCore> core)
    : core_{std::move(core)}, server_{*core_}, savepoints_{hooks_, core_->name()} {}

void Session::end_of_thread() noexcept {
  ended_ = true;
  server_.close();
}

bool Session::is_of_this_thread() const noexcept {
  return thread_ == std::this_thread::get_id() && !ended_;  // a later thread may have the same id
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
  server_.notice_fork();
  if (server_.state().forked()) {
    throw UsageError{"cannot " + std::string{verb} + " on " + name() + ": " + ServerTransaction::kForked +
                     ", which alone can go on with it"};
  }
}

bool Session::notice_abandoned() noexcept {
  const auto depth = server_.connection().take_abandoned();
  if (depth == 0) return false;
  blocks_.resize(std::min(blocks_.size(), depth - 1));
  server_.state().lose(kAbandoned);
  if (blocks_.empty() && autocommit_) end_by_rollback();
  return true;
}

}  // namespace aftercommit::detail
