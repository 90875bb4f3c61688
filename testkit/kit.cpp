#include "testkit/kit.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "aftercommit/testing_set_up.hpp"
#include "base/text/secrets.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/migrations.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::testing {
namespace {

using aftercommit::detail::CommitHooks;
using aftercommit::detail::Session;

constexpr std::string_view kMemory = "memory://";
constexpr std::size_t kAll = 1000;  // a step of the broker's at most

/// Of the broker, whose jobs only this process has.
std::string_view name_of_broker(App& app) {
  const auto& url = app.options().redis_url;
  if (!url.starts_with(kMemory)) {
    throw UsageError{"the test kit runs the jobs of a broker in memory, and that of app '" + app.name() +
                     "' is " + masked_url(url) +
                     ": call app.configure({.redis_url = \"memory://test\"}) before its first use"};
  }
  return std::string_view{url}.substr(kMemory.size());
}

void check_end(App& app, const std::vector<JobRun>& runs, std::size_t count, std::size_t at_most) {
  if (count <= at_most) return;
  throw Error{"the jobs of app '" + app.name() + "' do not end: " + std::to_string(count) +
              " have run, the last one was " + runs.back().text()};
}

bool has_failed(const JobRun& run) {
  return run.thrown && (run.ended == Ended::kRetried || run.ended == Ended::kDead);
}

}  // namespace

Kit& Kit::of(App& app) {
  auto& kept = app.core().test_kit();
  if (!kept) kept = std::make_shared<Kit>(app);
  return *std::static_pointer_cast<Kit>(kept);
}

Kit::Kit(App& app) : app_{app}, broker_{name_of_broker(app)}, ticks_{app} {}

Runner& Kit::runner() {
  if (!runner_) runner_ = std::make_unique<Runner>(app_);
  return *runner_;
}

void Kit::reset() {
  check_free("begin a test");
  broker_.clear();
  woken_.clear();
  ticks_.start();
}

bool Kit::is_free() const noexcept {
  return !busy_ && std::ranges::all_of(app_.core().databases(), [](const auto& entry) {
    const auto* const session = Session::find(*entry.second->core());
    return session == nullptr || (!session->in_block_of_code() && session->get_autocommit());
  });
}

void Kit::check_free(std::string_view verb) const {
  if (busy_) {
    throw UsageError{"cannot " + std::string{verb} + " within a task or a hook that the test kit runs"};
  }
  if (!is_free()) {
    throw UsageError{"cannot " + std::string{verb} +
                     " while an atomic block is open, or a database in manual mode, in this thread: what it "
                     "asks for does not "
                     "exist yet; leave it first"};
  }
}

std::vector<JobRun> Kit::drain(const DrainOptions& options) {
  check_free("run jobs");
  const Busy busy{*this};
  if (options.rows) bring_rows();
  std::vector<JobRun> runs;
  while (run_next(runs)) check_end(app_, runs, runs.size(), options.at_most);
  return runs;
}

void Kit::run_eagerly() {
  if (eager_ == nullptr || !is_free()) return;
  const Busy busy{*this};
  auto& runs = eager_->runs;
  const bool propagate = eager_->options.propagate;
  const auto before = runs.size();
  while (run_next(runs)) {
    check_end(app_, runs, runs.size() - before, DrainOptions{}.at_most);
    if (propagate && has_failed(runs.back())) std::rethrow_exception(runs.back().thrown);
  }
}

/// False: nothing is due.
bool Kit::run_next(std::vector<JobRun>& runs) {
  if (!app_.core().periodic().empty()) runner();  // their jobs are rows, which want tables
  ticks_.ask();
  commit_waiting();
  broker_.promote(broker_.queues(), kAll);
  auto queue = broker_.longest_ready();
  if (!queue && (bring_back() || bring_woken())) queue = broker_.longest_ready();
  if (!queue) return false;
  auto& runner = this->runner();
  const std::vector<Queue> queues{*std::move(queue)};
  for (auto& job : broker_.fetch(kTestWorker, queues, 1, Millis{0})) {
    auto end = runner.run(std::move(job), runner.running());
    broker_.settle(kTestWorker, std::vector{std::move(end.settlement)});
    runs.push_back(std::move(end.run));
  }
  return true;
}

std::vector<Session*> Kit::sessions_under_test() const {
  std::vector<Session*> found;
  for (const auto& [alias, database] : app_.core().databases()) {
    auto* const session = Session::find(*database->core());
    if (session != nullptr && session->under_test()) found.push_back(session);
  }
  return found;
}

CommitHooks::Mark Kit::began(const Session& session) const {
  if (capture_ == nullptr) return {};
  const auto found = capture_->began.find(&session);
  return found != capture_->began.end() ? found->second : CommitHooks::Mark{};
}

/// Does what waits for a commit of the tests' transactions, until nothing does.
void Kit::commit_waiting() {
  for (bool any = true; any;) {
    any = false;
    for (auto* const session : sessions_under_test()) {
      const auto since = began(*session);
      auto hooks = session->waiting().hooks_since(since);
      const auto jobs = session->waiting().jobs_since(since);
      if (hooks.empty() && jobs.empty()) continue;
      any = true;
      if (capture_ != nullptr) {
        std::ranges::move(hooks, std::back_inserter(capture_->captured.hooks));
        for (const auto* const job : jobs) {
          if (auto seen = described(*job, app_)) capture_->captured.jobs.push_back(*std::move(seen));
        }
      }
      if (!jobs.empty()) runner();  // their rows want tables
      auto waiting = session->take_waiting(since);
      std::vector<const aftercommit::detail::PendingJob*> rows;
      for (const auto* const job : waiting.durable_jobs()) {
        if (!job->row_is_written) rows.push_back(job);
      }
      session->write_rows(rows);
      waiting.run();
    }
  }
}

/// Those that the broker does not have, as a relay would.
void Kit::bring_rows() {
  runner();  // makes the tables
  for (const auto& [alias, database] : app_.core().databases()) {
    std::vector<Outgoing> missing;
    aftercommit::detail::JobTable{*database}.for_each([&](const aftercommit::detail::JobRow& row) {
      if (broker_.has_durable(row.queue, std::vector{row.id}).front()) return;
      auto decoded = decode(row.envelope, app_.options().payload_limit);
      const auto* const job = std::get_if<Envelope>(&decoded);
      missing.push_back({.queue = row.queue,
                         .payload = row.envelope,
                         .countdown = row.due_in,
                         .durable = row.id,
                         .priority = job != nullptr ? job->priority : Priority::kNormal});
    });
    broker_.enqueue(missing, Millis{0});
  }
}

/// What stood aside for a database that serves again, or for so long that it is looked at once more.
bool Kit::bring_back() {
  bool any = false;
  for (const auto& jobs : broker_.aside(broker_.queues())) {
    const auto* const watch = runner().gate().watch_of(jobs.reason);
    const bool all = watch != nullptr && watch->serves();
    any |= broker_.bring_back(jobs.queue, jobs.reason, kAll, all) > 0;
  }
  return any;
}

/// Flows that were given what they wait for: a relay would see that by their rows.
bool Kit::bring_woken() {
  if (!runner_ || !app_.core().has_flows()) return false;
  std::vector<Outgoing> woken;
  for (const auto& [alias, database] : app_.core().databases()) {
    if (!aftercommit::detail::has_flow_tables(*database)) continue;
    for (auto& row : aftercommit::detail::woken_flows(*database)) {
      if (!woken_.emplace(row.id, row.attempt).second) continue;
      woken.push_back({.queue = std::move(row.queue),
                       .payload = std::move(row.envelope),
                       .durable = row.id,
                       .again = true});
    }
  }
  if (!woken.empty()) broker_.enqueue(woken, Millis{0});
  return !woken.empty();
}

std::optional<std::chrono::system_clock::time_point> Kit::next_due() {
  std::optional<std::chrono::system_clock::time_point> next = ticks_.next();
  const auto promotion = broker_.promote(broker_.queues(), kAll);
  if (!promotion.next_due) return next;
  const auto due = std::chrono::ceil<Millis>(app_.core().clock().now()) + *promotion.next_due;
  return next ? std::min<std::chrono::system_clock::time_point>(*next, due) : due;
}

void migrate(App& app) {
  for (const auto& [alias, database] : app.core().databases()) {
    Database own{database->options(), alias};  // the app's may be in a test's transaction
    aftercommit::detail::migrate(own);
  }
}

void reset(App& app) { Kit::of(app).reset(); }

}  // namespace aftercommit::testing
