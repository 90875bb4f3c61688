#include "client/results/result_waiters.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/except>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/process/forks.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/results/result_rows.hpp"

namespace aftercommit::detail {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool may_still_end(ResultState state) {
  return state == ResultState::kPending || state == ResultState::kUnknown;
}

/// Within a handler: whether the same look may be answered later.
bool may_pass() {
  try {
    throw;
  } catch (const Error& error) {
    return error.retryable();
  } catch (const pqxx::broken_connection&) {
    return true;
  } catch (const std::exception& error) {
    const auto code = sqlstate_of(error);  // 57P01 and its like: the server stops, or starts
    return code.starts_with("08") || code.starts_with("57P") || code.starts_with("40");
  } catch (...) {
    return false;
  }
}

/// Clocks end in the year 2262.
Clock::time_point after(Clock::time_point now, milliseconds wait) {
  constexpr milliseconds kLongest = std::chrono::years{100};
  return now + std::min(wait, kLongest);
}

}  // namespace

class ResultWaiters::Room {
 public:
  bool is_of_this_process() const { return forks_ == forks(); }

  FoundResult wait(Database& database, const JobId& job, FoundResult found, Clock::time_point deadline) {
    const auto me = std::make_shared<Waiter>(job, std::move(found));
    std::unique_lock lock{mutex_};
    auto& group = groups_[&database];
    const Membership membership{group, me};
    while (!me->ended) {
      const auto now = Clock::now();
      if (now >= deadline) break;
      if (group.looks == nullptr) group.looks = me.get();
      const bool mine = group.looks == me.get();
      const auto next = mine ? group.next_look() : deadline;
      if (next > now) {
        me->changed.wait_until(lock, std::min(next, deadline));
      } else {
        look(database, group, *me, lock);
      }
    }
    if (me->failure) std::rethrow_exception(me->failure);
    return std::move(me->found);
  }

 private:
  struct Waiter {
    Waiter(const JobId& id, FoundResult look) : job{id}, found{std::move(look)} {}

    const JobId job;
    FoundResult found;             // by the last look that was answered
    std::exception_ptr failure{};  // of the last look, where that was none
    bool ended = false;            // there is nothing more to wait for
    milliseconds pause = kFirstPause;
    Clock::time_point due = Clock::now() + kFirstPause;
    std::condition_variable changed{};
  };

  /// Those who wait for jobs of one database.
  struct Group {
    std::vector<std::shared_ptr<Waiter>> waiting{};
    const Waiter* looks = nullptr;  // for all; null: nobody yet
    Clock::time_point last_look{};

    Clock::time_point next_look() const {
      auto first = Clock::time_point::max();
      for (const auto& waiter : waiting) first = std::min(first, waiter->due);
      return std::max(first, last_look + kFirstPause);
    }
  };

  /// With the lock held at both ends.
  class Membership {
   public:
    Membership(Group& group, std::shared_ptr<Waiter> waiter) : group_{group}, waiter_{std::move(waiter)} {
      group_.waiting.push_back(waiter_);
      wake(group_.looks);  // who may be asleep for longer than until the new one is due
    }
    ~Membership() {
      std::erase(group_.waiting, waiter_);
      if (group_.looks == waiter_.get()) group_.looks = nullptr;
      // Also by one who was to take over, and has what it waited for.
      if (group_.looks == nullptr && !group_.waiting.empty()) group_.waiting.front()->changed.notify_one();
    }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    void wake(const Waiter* looks) {
      for (const auto& waiter : group_.waiting) {
        if (waiter.get() == looks) waiter->changed.notify_one();
      }
    }

    Group& group_;
    const std::shared_ptr<Waiter> waiter_;
  };

  /// Asks for those that are due, or will be before the next look could come.  `me`: who does.
  static void look(Database& database, Group& group, Waiter& me, std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<Waiter>> asked;
    std::vector<JobId> jobs;
    for (const auto& waiter : group.waiting) {
      if (waiter->ended || waiter->due > Clock::now() + kFirstPause) continue;
      asked.push_back(waiter);
      jobs.push_back(waiter->job);
    }
    lock.unlock();
    std::vector<FoundResult> found;
    std::exception_ptr failure;
    bool passes = true;
    try {
      found = find_results(database, jobs);
    } catch (...) {
      failure = std::current_exception();
      passes = may_pass();
    }
    lock.lock();
    group.last_look = Clock::now();
    if (!passes) {  // it may be of this thread alone, as a time limit of its job: the next one finds out
      me.failure = failure;
      me.ended = true;
      return;
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
      auto& waiter = *asked[i];
      waiter.failure = failure;
      if (i < found.size()) waiter.found = std::move(found[i]);
      waiter.ended = !failure && !may_still_end(waiter.found.state);
      waiter.pause = std::min(waiter.pause * 3 / 2, kLongestPause);
      waiter.due = group.last_look + waiter.pause;
      if (waiter.ended) waiter.changed.notify_one();
    }
  }

  const unsigned forks_ = forks();
  std::mutex mutex_;  // protects what follows
  std::map<Database*, Group> groups_;
};

ResultWaiters::~ResultWaiters() { delete room_.load(); }

/// That of the parent is left to it: a thread of its own may have held the lock when this process was forked.
ResultWaiters::Room& ResultWaiters::room() {
  auto* known = room_.load();
  while (known == nullptr || !known->is_of_this_process()) {
    auto made = std::make_unique<Room>();
    if (room_.compare_exchange_strong(known, made.get())) known = made.release();
  }
  return *known;
}

FoundResult ResultWaiters::wait(Database& database, const JobId& job, milliseconds timeout) {
  const auto deadline = after(Clock::now(), timeout);
  auto found = find_results(database, {&job, 1}).at(0);
  if (timeout <= milliseconds{0} || !may_still_end(found.state)) return found;
  found = room().wait(database, job, std::move(found), deadline);
  if (!may_still_end(found.state)) return found;
  return std::move(find_results(database, {&job, 1}).at(0));  // the last look may be a while ago
}

}  // namespace aftercommit::detail
