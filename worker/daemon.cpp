#include "worker/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/celery_queue.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/none/none_broker.hpp"
#include "client/app/app_core.hpp"
#include "client/periodic/periodic_jobs.hpp"
#include "client/sending/broker_sender.hpp"
#include "worker/celery/celery_bridge.hpp"
#include "worker/held/give_back.hpp"
#include "worker/home/home_watch.hpp"
#include "worker/intake/fetcher.hpp"
#include "worker/intake/returner.hpp"
#include "worker/limits/usher.hpp"
#include "worker/log/logging.hpp"
#include "worker/notes/progress_writer.hpp"
#include "worker/periodic/ticker.hpp"
#include "worker/relay/relay.hpp"
#include "worker/roles/pause_watch.hpp"
#include "worker/roles/presence.hpp"
#include "worker/roles/promoter.hpp"
#include "worker/roles/purger.hpp"
#include "worker/roles/recoverer.hpp"
#include "worker/roles/seen_alive.hpp"
#include "worker/roles/self_report.hpp"
#include "worker/set_up.hpp"
#include "worker/table/standby.hpp"
#include "worker/table/table_intake.hpp"

namespace aftercommit::worker {

SenderSwap::SenderSwap(App& app, std::shared_ptr<detail::JobSender> sender)
    : app_{app}, before_{app.core().set_sender(std::move(sender))} {}

SenderSwap::~SenderSwap() { app_.core().set_sender(std::move(before_)); }

namespace {

Batching batching_of(const App& app) {
  std::vector<Batching::Kind> kinds;
  for (const auto& name : app.core().task_names()) {
    const auto& task = *app.core().find_task(name);
    const bool together = task.batch && task.batch->most > 1 && task.options.limits.empty();
    if (together) kinds.push_back({name, task.batch->most});
  }
  return Batching{std::move(kinds)};
}

}  // namespace

Daemon::Daemon(App& app, const Options& options, WorkerId worker, Home& home, Preparations preparations,
               ChildSlots* slots, Listener* listener)
    : app_{app},
      options_{options},
      queues_{names_of(options.queues)},
      shards_{app.options().redis_url},
      each_shard_{make_shards()},
      context_{.app = app,
               .worker = std::move(worker),
               .unknown_task_grace = options.unknown_task_grace,
               .leases = leases(),
               .home = home,
               .time_limits = {.soft = options.soft_time_limit, .hard = options.time_limit},
               .preparations = std::move(preparations),
               .history = options.history.count() > 0,
               .events = Events{listener}},
      buffer_{options.concurrency, options.prefetch, batching_of(app), shards_.count()},
      taken_{
          std::make_shared<TakenJobs>(without_redis() ? TakenJobs::Aside::kKept : TakenJobs::Aside::kPutOff)},
      row_settler_{without_redis()
                       ? nullptr
                       : std::make_unique<Settler>(std::make_unique<NoneBroker>(taken_), context_.worker,
                                                   in_hand_, nullptr, "settling jobs from tables")},
      settler_{settles_at(0), context_.worker, in_hand_, other_settlers(), each_shard_.front()->shard.called},
      sender_{app, make_sender()},
      executors_{context_, buffer_, settler_, options.concurrency, slots},
      deadlines_{context_.running,
                 [slots](const RunningBody::Look& body) { end_overdue_process(slots, body); }},
      cancels_{app, context_.cancels, context_.running,
               [this](const Database& database) { return context_.gate.serves(database); },
               options.heartbeat},
      seen_alive_{shards_.several() ? std::make_shared<SeenAlive>() : nullptr} {
  add_roles();
  watchdog_.emplace(watched(), options.hang_timeout,
                    [slots](const std::string& which) { end_hung_process(slots, which); });
}

/// All that a worker does besides running jobs: what begins later may use what has begun before it, as it
/// ends earlier.  A role that uses a database by itself needs one more of detail::kWorkerPoolBesideJobs.
void Daemon::add_roles() {
  using End = Roles::End;

  roles_.list({.end = End::kLast}, cancels_.thread());
  add_relaying(roles_, app_, options_, context_.home,
               [this](Database& database) { cancels_.look_soon(database); });
  roles_.add<Returner>({.end = End::kFirst}, connect(), queues_, context_.gate, buffer_);
  if (context_.gate.limits().any()) {
    roles_.add<Usher>(
        {.end = End::kFirst}, connect(), app_, queues_, context_.gate.limits(),
        [this](const Database& database) { return context_.gate.serves(database); }, options_.heartbeat);
  }
  roles_.add<Purger>({.end = End::kFirst}, app_,
                     Purger::Kept{.ledger = options_.keep_ledger, .history = options_.history});
  roles_.add<ProgressWriter>({.end = End::kLast}, context_.progress);
  if (options_.periodic) {
    for (auto* const database : detail::databases_with_periodic(app_.core())) {
      roles_.add<Ticker>({.end = End::kFirst}, app_, *database, context_.home);
    }
  }
  for (const auto& [alias, database] : app_.core().databases()) {
    presences_[database.get()] = &roles_.add<Presence>({.end = End::kLast}, *database, options_.heartbeat);
  }
  for (const auto& queue : options_.celery_queues) {
    roles_.add<CeleryBridge>({.end = End::kFirst}, make_celery_queue(celery_broker_of(app_, options_), queue),
                             app_, queue, context_.worker, context_.home, options_.lease);
  }
  context_.gate.paused().expect();
  roles_.add<PauseWatch>({.end = End::kFirst}, connect(), app_, queues_, context_.gate.paused(),
                         options_.heartbeat);
  if (without_redis()) add_taking();
  for (std::size_t i = 0; i < shards_.count(); ++i) add_roles_of(i);
  if (row_settler_ && !app_.core().databases().empty()) add_standby();
}

/// The fetcher last: jobs arrive when all else is there.
void Daemon::add_roles_of(std::size_t number) {
  using End = Roles::End;
  auto& one = *each_shard_[number];
  const OfShard of{.number = number, .called = one.shard.called};
  auto& settler = *one.settler;
  roles_.list({.end = End::kLast,
               .watched_as = "settler",
               .waits_in_vain = [&settler] { return settler.is_behind(); }},
              settler.thread());
  if (!without_redis()) {  // else what is due later is known by its row
    roles_.add<Promoter>({.end = End::kFirst, .watched_as = "scheduler"}, connect_to(one), queues_, of);
  }
  auto& heartbeat = roles_.add<Heartbeat>(
      {.end = End::kSettled, .watched_as = "heartbeat"}, connect_to(one), context_.worker, queues_, one.lease,
      options_.heartbeat,
      [report = std::make_shared<SelfReport>(context_.running, app_.name(), queues_, options_.concurrency)] {
        return report->text();
      },
      of);
  roles_.add<Recoverer>({.end = End::kFirst}, connect_to(one), app_, context_.worker, queues_, one.lease,
                        context_.locked, of, seen_alive_);
  const auto waits_in_vain = [this, &one, number] {
    return one.lease.held() && context_.home.right() && buffer_.is_unfilled(number);
  };
  auto& fetcher = roles_.add<Fetcher>(
      {.end = End::kFetching, .watched_as = "fetcher", .waits_in_vain = waits_in_vain},
      intake_of_shard(connect_to(one), number), context_.worker, QueueOrder{options_.queues}, one.lease,
      context_.home, in_hand_, context_.gate, buffer_, settler_,
      row_settler_ ? std::make_unique<NoneBroker>(taken_) : nullptr, of);
  one.fetching = &fetcher.thread();
  one.beating = &heartbeat.thread();
}

/// Who brings in jobs without Redis.
void Daemon::add_taking() {
  using End = Roles::End;
  for (const auto& [alias, database] : app_.core().databases()) {
    roles_.add<TableIntake>({.end = End::kFirst}, taken_, *database, app_.options().payload_limit,
                            options_.relay_interval);
    roles_.add<TableListener>({.end = End::kFirst}, taken_, *database, options_.relay_interval,
                              [this, &of = *database] { cancels_.look_soon(of); });
  }
}

/// Who does so while Redis, or a shard, does not answer.
void Daemon::add_standby() {
  using End = Roles::End;
  constexpr Millis kInterval{100};  // nobody tells of new jobs
  std::function<bool(const JobId&)> takes;
  if (shards_.several())
    takes = [this](const JobId& job) { return shard_is_away(shards_.at(shards_.of(job)).state); };
  roles_.list({.end = End::kLast}, row_settler_->thread());
  for (const auto& [alias, database] : app_.core().databases()) {
    roles_.add<TableIntake>({.end = End::kFirst}, taken_, *database, app_.options().payload_limit, kInterval,
                            takes);
  }
  for (const auto& each : each_shard_) {
    auto& one = *each;
    // It may be away from the beginning: then nothing is fetched, as there is no lease.
    const auto fails = [&one] {
      return one.fetching->fails() || (one.beating->fails() && !one.lease.held());
    };
    std::function<void(bool)> is_away;
    if (shards_.several()) is_away = [state = one.shard.state](bool is) { tell_shard_away(state, is); };
    roles_.add<Standby>({.end = End::kFirst}, taken_, fails, one.lease, std::move(is_away), one.shard.name);
  }
}

std::vector<std::unique_ptr<Daemon::OneShard>> Daemon::make_shards() {
  std::vector<std::unique_ptr<OneShard>> all;
  for (const auto& shard : shards_.all()) all.push_back(std::make_unique<OneShard>(shard, options_.lease));
  return all;
}

HeldLeases Daemon::leases() const {
  std::vector<HeldLease*> all;
  for (const auto& one : each_shard_) all.push_back(&one->lease);
  return HeldLeases{std::move(all)};
}

/// Children of tasks may go to any shard, where the one of their parent is away.
Settler::Servers Daemon::settles_at(std::size_t number) const {
  std::shared_ptr<Broker> broker = connect_to(*each_shard_[number]);
  if (!shards_.several()) return {broker, broker};
  return {intake_of_shard(broker, number), connect()};
}

Settler::Others Daemon::other_settlers() {
  Settler::Others others{.of_rows = row_settler_.get(), .unsent = unsent_};
  each_shard_.front()->settler = &settler_;
  for (std::size_t i = 1; i < shards_.count(); ++i) {
    auto& one = *each_shard_[i];
    shard_settlers_.push_back(std::make_unique<Settler>(
        settles_at(i), context_.worker, in_hand_, Settler::Others{.unsent = unsent_}, one.shard.called));
    one.settler = shard_settlers_.back().get();
    others.of_shards.push_back(one.settler);
  }
  return others;
}

void add_relaying(Roles& roles, App& app, const Options& options, Home& home,
                  const std::function<void(Database&)>& on_cancel) {
  using End = Roles::End;
  roles.add<HomeWatch>({.end = End::kLast}, app, options, home);
  if (!options.relay || is_no_redis(app.options().redis_url)) return;
  const auto& settings = app.options();
  const Shards shards{settings.redis_url};
  for (const auto& [alias, database] : app.core().databases()) {
    auto told = on_cancel ? std::function<void()>{[on_cancel, &of = *database] { on_cancel(of); }}
                          : std::function<void()>{};
    const auto bell = shards.several() ? std::make_shared<RelayBell>() : nullptr;
    if (bell) {
      roles.add<RelayListener>({.end = End::kFirst}, *database, options.relay_interval, bell,
                               std::exchange(told, {}));
    }
    for (std::size_t i = 0; i < shards.count(); ++i) {
      roles.add<Relay>({.end = End::kFirst}, make_broker(shards.at(i).url), *database,
                       names_of(options.queues), settings.payload_limit, options.relay_interval, home, told,
                       Relay::Part{.share = shards.share_of(i), .bell = bell});
    }
  }
}

std::vector<Watchdog::Watched> Daemon::watched() {
  auto all = roles_.watched();
  std::size_t number = 0;
  for (const auto& executor : executors_) {
    all.push_back({.name = "executor " + std::to_string(++number),
                   .progress = &executor->progress(),
                   .cause = [&executor](Phase phase) { return executor->cause(phase); },
                   .job = [&executor] { return executor->job_at_hand(); }});
  }
  return all;
}

bool Daemon::is_watched() const noexcept {
  constexpr std::chrono::seconds kLongest{20};  // it looks once a second
  return watchdog_ && std::chrono::steady_clock::now() - watchdog_->looked_at() < kLongest;
}

Condition Daemon::condition() {
  Condition now{.running = buffer_.running(), .prefetched = buffer_.waiting()};
  auto& paused = context_.gate.paused();
  const auto is_paused = [&](const Queue& queue) { return paused.contains(queue); };
  // The gate knows of what a job has met; where none comes, who speaks to each database all the time does.
  const auto is_away = [&](const auto& database) {
    return !context_.gate.serves(*database.second) || presences_.at(database.second.get())->fails();
  };
  const auto& databases = app_.core().databases();
  // While one shard serves, this worker does.
  const auto has_no_lease = [](const auto& one) { return !one->lease.held() && !one->lease.needless(); };
  const auto cannot_fetch = [](const auto& one) { return one->fetching->fails() && !one->lease.needless(); };
  note(now.troubles, Trouble::kNoLease, std::ranges::all_of(each_shard_, has_no_lease));
  note(now.troubles, Trouble::kWrongHome, !context_.home.right());
  note(now.troubles, Trouble::kPaused, paused.any() && std::ranges::all_of(queues_, is_paused));
  note(now.troubles, Trouble::kFetchFails, std::ranges::all_of(each_shard_, cannot_fetch));
  note(now.troubles, Trouble::kDatabasesAway, !databases.empty() && std::ranges::all_of(databases, is_away));
  note(now.troubles, Trouble::kStands, watchdog_ && watchdog_->sees_one_stand());
  return now;
}

bool Daemon::without_redis() const { return is_no_redis(app_.options().redis_url); }

std::unique_ptr<Broker> Daemon::connect() const {
  if (without_redis()) return std::make_unique<NoneBroker>(taken_);
  return make_broker(app_.options().redis_url);
}

std::unique_ptr<Broker> Daemon::connect_to(const OneShard& one) const {
  if (without_redis()) return std::make_unique<NoneBroker>(taken_);
  return make_broker(one.shard.url);
}

std::shared_ptr<detail::JobSender> Daemon::make_sender() {
  const auto& options = app_.options();
  return std::make_shared<detail::BrokerSender>(
      options.redis_url, options.enqueue_timeout, app_.core().send_counts(),
      [this](std::vector<Outgoing> unsent) { settler_.send(std::move(unsent)); },
      app_.core().durable_target());
}

void Daemon::shut_down(Signals& signals) {
  using namespace std::chrono_literals;
  watchdog_.reset();  // the stop has bounds of its own
  deadlines_.spare_process();
  roles_.request_stop(Roles::End::kFirst);
  roles_.stop(Roles::End::kFetching);
  for (auto& job : buffer_.close()) settler_.settle(give_back(std::move(job)));
  if (!wait_until_idle(options_.shutdown_timeout, signals)) {
    log(LogLevel::kWarning, "the shutdown timeout has passed; cancelling what still runs",
        {{"jobs", buffer_.running()}});
    context_.stop = true;
    for (const auto& executor : executors_) executor->cancel();
    if (!wait_until_idle(500ms, signals)) give_back_what_still_runs();
  }
  if (!is_flushed(2s)) exit_with_jobs_held();
  retire();
}

bool Daemon::is_flushed(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto is_flushed = [&](Settler& settler) {
    const auto left = deadline - std::chrono::steady_clock::now();
    return settler.flush(
        std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds{0}));
  };
  bool all = !row_settler_ || is_flushed(*row_settler_);
  for (const auto& one : each_shard_) all = is_flushed(*one->settler) && all;
  return all;
}

/// Nobody has to wait for the lease of a worker that has settled all.
void Daemon::retire() {
  roles_.stop(Roles::End::kSettled);
  try {
    connect()->retire(context_.worker, queues_);
  } catch (const Error&) {
    // The broker is away: the others forget this worker after its lease.
  }
}

bool Daemon::wait_until_idle(std::chrono::milliseconds timeout, Signals& signals) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (buffer_.running() > 0) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    // One wait for both ends: a second signal, and, by a short slice, the last job.
    constexpr std::chrono::milliseconds kSlice{10};
    if (signals.wait_for(std::min(std::chrono::ceil<std::chrono::milliseconds>(left), kSlice))) {
      log(LogLevel::kWarning, "second signal: ending at once; running jobs are not given back",
          {{"jobs", buffer_.running()}});
      std::_Exit(kExitForced);
    }
  }
  return true;
}

void Daemon::give_back_what_still_runs() {
  using namespace std::chrono_literals;
  for (const auto& executor : executors_) {
    for (auto& settlement : executor->abandon()) settler_.settle(std::move(settlement));
  }
  if (is_flushed(1s)) {
    log(LogLevel::kWarning,
        "stopped; tasks that ignored their cancellation were cut off and their jobs given back");
    end_at_once(kExitStopped);  // their threads cannot be joined
  }
  exit_with_jobs_held();
}

void Daemon::exit_with_jobs_held() {
  log(LogLevel::kError, "the broker is away: jobs that are not settled come back after this worker's lease");
  end_at_once(kExitForced);  // the settler would wait for it
}

}  // namespace aftercommit::worker
