#include "worker/gate/database_watch.hpp"

#include <algorithm>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/probe.hpp"
#include "client/postgres/error_text.hpp"
#include "client/transaction/session.hpp"
#include "worker/log/caught.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{100};  // between two looks at who waits
constexpr milliseconds kLongestBearable{5000};
constexpr milliseconds kPatience{700};       // with an answer, before the database is away
constexpr milliseconds kLastPatience{3000};  // before the question itself is cut off
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{3000};  // for how long nobody notices that it is back
constexpr milliseconds kJustNow{2000};

}  // namespace

DatabaseWatch::DatabaseWatch(Database& database, RunningJobs& running, const Events& events,
                             std::function<void()> changed, std::function<void()> prepare)
    : database_{database},
      running_{running},
      events_{events},
      changed_{std::move(changed)},
      prepare_{std::move(prepare)},
      serves_{!prepare_},
      away_{static_cast<bool>(prepare_)},
      since_{Clock::now()},
      thread_{{"watching a database"}, [this](const std::stop_token& stop) { look(stop); }} {}

DatabaseWatch::~DatabaseWatch() {
  thread_.stop();
  database_.core()->pool.refuse(false);
}

bool DatabaseWatch::failed(const std::string& error) {
  {
    const std::lock_guard lock{mutex_};
    if (!serves_) return true;
    if (served_at_ != Clock::time_point{} && Clock::now() - served_at_ < kJustNow) return false;
    doubt(error);
  }
  changed_();
  return true;
}

void DatabaseWatch::ask() {
  const std::lock_guard lock{mutex_};
  asked_ = true;
  wake_.notify_all();
}

bool DatabaseWatch::answered() {
  const std::lock_guard lock{mutex_};
  return std::exchange(answered_, false);
}

void DatabaseWatch::doubt(const std::string& error) {
  events_.tell(DatabaseDoubted{.database = database_.alias(), .error = error});
  serves_ = answered_ = false;
  asked_ = true;
  since_ = Clock::now();
  wake_.notify_all();
}

/// Who waits for long, since the last answer, may wait for ever.  What answers all the same is slow, and is
/// borne with for longer the next time.
void DatabaseWatch::look_at_claims() {
  const auto since = running_.claims_since(database_);
  if (!since) return;
  const auto waited = std::chrono::floor<milliseconds>(Clock::now() - std::max(*since, served_at_));
  if (waited < bearable_) return;
  bearable_ = std::min(2 * std::max(bearable_, waited), kLongestBearable);
  doubt("no answer for " + std::to_string(waited.count()) + " ms");
}

/// A primary that comes back as a standby has been stopped before: what is wrong now is to be known.
void DatabaseWatch::go_away(const std::string& error) {
  serves_ = answered_ = false;
  const bool still = std::exchange(away_, true);
  if (!still) reasons_.clear();
  if (reasons_.add(error))
    events_.tell(DatabaseAway{.database = database_.alias(), .error = error, .still = still});
  database_.core()->pool.refuse(true);  // before: who is cut off would connect anew
  running_.sever_claims(database_);
}

void DatabaseWatch::serve_again() {
  const auto now = Clock::now();
  if (std::exchange(away_, false)) {
    const auto outage = std::chrono::floor<milliseconds>(now - since_);
    events_.tell(DatabaseServesAgain{.database = database_.alias(), .outage = outage});
    bearable_ = kShortestWait;
  }
  database_.core()->pool.refuse(false);
  failures_ = 0;
  served_at_ = now;
  answered_ = true;
  serves_ = true;
}

/// Less up to a fifth at random, for many workers ask.
milliseconds DatabaseWatch::pause() {
  thread_local std::mt19937 random{std::random_device{}()};
  const auto steps = std::min(failures_ - 1, 10);
  const auto longest = std::min(kFirstPause * (1 << std::max(steps, 0)), kLongestPause);
  return milliseconds{std::uniform_int_distribution{longest.count() * 4 / 5, longest.count()}(random)};
}

void DatabaseWatch::look(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kWaiting);
  if (!wait_until_to_ask(stop)) return;
  thread_.progress().enter(Phase::kAtWork);
  auto error = prepare();
  if (error.empty()) error = question(stop);
  {
    const std::lock_guard lock{mutex_};
    if (error.empty()) {
      serve_again();
    } else {
      ++failures_;
      if (serves_) since_ = Clock::now();
      go_away(error);
    }
  }
  changed_();
  thread_.succeeded();
}

/// False if there is nothing to ask now.
bool DatabaseWatch::wait_until_to_ask(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  if (away_) {
    wake_.wait_for(lock, stop, pause(), [] { return false; });
  } else if (!asked_) {
    wake_.wait_for(lock, stop, kLook, [&] { return asked_; });
    if (!asked_) look_at_claims();
  }
  if (stop.stop_requested() || (!away_ && !asked_)) return false;
  asked_ = false;
  return true;
}

/// What is wrong; empty: it serves.
std::string DatabaseWatch::question(const std::stop_token& stop) {
  try {
    return put_question(stop);
  } catch (...) {  // no memory, or no thread, to ask with
    const std::lock_guard lock{mutex_};
    asked_ = true;
    throw;
  }
}

/// What is wrong still; empty: nothing.
std::string DatabaseWatch::prepare() {
  if (!prepare_) return {};
  try {
    prepare_();
  } catch (const DatabaseUnavailable& error) {
    return error.what();
  } catch (...) {
    preparing_.failed(database_.alias());
    return what_was_caught();
  }
  prepare_ = nullptr;
  return {};
}

/// On a thread of its own, for the wait to connect cannot be cut short.
std::string DatabaseWatch::put_question(const std::stop_token& stop) {
  detail::Probe probe{database_};
  std::packaged_task<std::string()> put{[&]() -> std::string {
    try {
      probe.run();
      return {};
    } catch (const std::exception& error) {
      return detail::first_line(error);
    }
  }};
  auto answer = put.get_future();
  const std::jthread asker{std::move(put)};
  try {
    if (answer.wait_for(kPatience) != std::future_status::ready && !stop.stop_requested()) {
      {
        const std::lock_guard lock{mutex_};
        if (serves_) since_ = Clock::now();
        go_away("it does not answer");
      }
      changed_();
      if (answer.wait_for(kLastPatience) != std::future_status::ready) probe.sever();
    }
    if (stop.stop_requested()) probe.sever();
    return answer.get();
  } catch (...) {
    probe.sever();  // else its thread would be waited for
    throw;
  }
}

DatabaseWatches::DatabaseWatches(App& app, RunningJobs& running, const Events& events,
                                 Preparations preparations, const std::function<void()>& changed) {
  for (const auto& [alias, database] : app.core().databases()) {
    all_.emplace(database.get(), std::make_unique<DatabaseWatch>(*database, running, events, changed,
                                                                 std::move(preparations[database.get()])));
  }
}

bool DatabaseWatches::all_serve() const noexcept {
  return std::ranges::all_of(all_, [](const auto& watch) { return watch.second->serves(); });
}

}  // namespace aftercommit::worker
