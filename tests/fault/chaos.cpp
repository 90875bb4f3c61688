/// Everything at once, at random: servers, workers, relays and producers that die while jobs flow, and the
/// oracle at the end.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cxxopts.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "broker/redis/wire/cluster_tags.hpp"
#include "fault/harness/fault_fixture.hpp"
#include "fault/harness/feature_tasks.hpp"
#include "fault/harness/journey_tasks.hpp"
#include "fault/producers/kinds.hpp"
#include "support/process_signals.hpp"
#include "support/servers/process_tree.hpp"

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

void pause(milliseconds length) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable never;
  never.wait_for(lock, length, [] { return false; });
}

/// What was done to whom.
struct Toll {
  int children = 0;
  int workers = 0;
  int supervisors = 0;
  int relays = 0;
  int producers = 0;
  int freezes = 0;
  int redis_with_data = 0;
  int redis_without_data = 0;
  int flushes = 0;
  int redis_failovers = 0;
  int slots_moved = 0;
  int postgres_crashes = 0;
  int promotions = 0;
  long backends = 0;
  int client_cuts = 0;
};

/// A program that is started again whenever it has ended.
class Role {
 public:
  explicit Role(std::function<std::vector<std::string>()> command) : command_{std::move(command)} {}

  void keep_running(const Site& site) {
    if (process_ && process_->runs()) return;
    process_.reset();
    process_ =
        std::make_unique<support::WorkerProcess>(command_(), site.environment({{kFeaturesVariable, "1"}}));
  }
  bool signal(int number) {
    if (!process_ || !process_->runs()) return false;
    process_->signal(number);
    return true;
  }
  void end() { process_.reset(); }

 private:
  std::function<std::vector<std::string>()> command_;
  std::unique_ptr<support::WorkerProcess> process_;
};

class Chaos {
 public:
  /// With a standby PostgreSQL fails over where it would else be started again.  `shards`: of Redis, as Site
  /// takes them.  `others`: who asks for jobs besides.
  Chaos(Clock::duration length, long jobs, std::optional<support::Standby> standby, std::size_t shards,
        std::vector<ProducerKind> others)
      : site_{support::kKeepsData, standby, shards},
        end_{Clock::now() + length},
        pause_ms_{pause_for(length, jobs) * (others.empty() ? 1 : 2)},
        others_{std::move(others)},
        random_{site_.seed} {
    site_.ask(kFeatureTables);
    site_.ask(kJourneyTables);
    for (int i = 0; i < kSupervised; ++i) {
      supervised_.emplace_back([this] { return worker_command({"--processes", "2"}); });
    }
    for (int i = 0; i < kProducers; ++i) {
      producers_.emplace_back([this] { return command_of_producer("atomic", pause_ms_); });
    }
    for (const auto& kind : others_) {
      producers_.emplace_back([this, kind] {
        auto command = command_of_producer(kind.name, pause_ms_ * 3);
        command.erase(command.begin());
        command.insert(command.begin(), kind.command.begin(), kind.command.end());
        return command;
      });
    }
  }

  void run() {
    while (Clock::now() < end_) {
      keep_all_running();
      pause(milliseconds{between(400, 1400)});
      thaw(false);
      next_fault();
    }
  }

  /// Heals all and lets the workers finish.  False if they do not.
  bool drain() {
    for (auto& producer : producers_) producer.end();
    thaw(true);
    keep_all_but_producers_running();
    bool ticks_end = false;
    const bool drained = support::eventually(
        [&] {
          pause(milliseconds{50});
          ticks_end = ticks_end || pause_ticks();
          return ticks_end && all_events_are_given() && no_message_waits() && site_.idle() &&
                 all_cancels_are_settled();
        },
        std::chrono::seconds{90});
    for (auto& worker : supervised_) worker.signal(SIGTERM);
    plain_.signal(SIGTERM);
    return drained;
  }

  Findings findings() const {
    auto evidence = site_.evidence();
    evidence.processes_die_running = true;
    evidence.features = true;
    evidence.database_crashes = database_crashes_;
    evidence.freezes = freezes_;
    return check(evidence);
  }
  const Toll& toll() const { return toll_; }
  bool several_kinds() const { return !others_.empty(); }
  /// How many transactions each kind of producer has committed: "atomic 210, pqxx 40".
  std::string committed_by_kind() {
    std::map<std::string, long> by_kind;
    for (const auto& row :
         site_.ask("SELECT tx / " + std::to_string(kRange) + ", count(*) FROM biz GROUP BY 1"))
      by_kind[started_.at(row[0].as<std::size_t>() - 1)] += row[1].as<long>();
    std::string text;
    for (const auto& [kind, count] : by_kind)
      text += (text.empty() ? "" : ", ") + kind + " " + std::to_string(count);
    return text;
  }
  std::uint64_t seed() const { return site_.seed; }

 private:
  static constexpr int kSupervised = 2;
  static constexpr int kProducers = 2;
  static constexpr long kRange = 1'000'000;  // transactions: more than one producer ever gets through

  std::vector<std::string> command_of_producer(const std::string& kind, long pause_ms) {
    started_.push_back(kind);
    return site_.producer_command(kRange * static_cast<long>(started_.size()), kRange, pause_ms);
  }
  std::vector<std::string> worker_command(std::vector<std::string> options) const {
    options.insert(options.end(), {"--log-level", "error"});
    const bool bridge = std::ranges::find(others_, "celery", &ProducerKind::name) != others_.end();
    if (bridge)
      options.insert(options.end(), {"--celery-queue", kLoadQueue, "--celery-broker", site_.redis.url()});
    return Site::worker_command(options, AFTERCOMMIT_CHAOS_TASKS);
  }
  /// Of Celery's.
  bool no_message_waits() const {
    return std::ranges::all_of(celery_lists(), [&](const auto& list) {
      return ask_redis_number(site_.redis, {"LLEN", list}) == 0;
    });
  }

  /// Between two transactions of a producer.
  static long pause_for(Clock::duration length, long jobs) {
    constexpr double kJobsPerTransaction = 1.8;  // of the mix, those that commit
    const double seconds = std::chrono::duration<double>{length}.count();
    return static_cast<long>(1000 * seconds * kProducers * kJobsPerTransaction / static_cast<double>(jobs));
  }

  /// False: the server is still starting.
  bool pause_ticks() {
    try {
      site_.ask("UPDATE aftercommit.periodic SET paused = true, next_at = NULL");
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }
  /// Gives those that are left, one after the other: two at once could be a deadlock.
  bool all_events_are_given() {
    constexpr const char* kGiveOne = R"(
      WITH one AS (UPDATE journey_event SET gifts = gifts - 1 WHERE ctid IN (
                     SELECT ctid FROM journey_event WHERE gifts > 0 LIMIT 1) RETURNING flow, place),
           given AS (SELECT flow, place, -1 - place AS value,
                            aftercommit.signal(flow::uuid, 'event ' || place, (-1 - place)::text) AS answer FROM one)
      INSERT INTO journey_gift(flow, place, value, answer) SELECT flow, place, value, answer FROM given)";
    try {
      while (site_.ask(kGiveOne).affected_rows() > 0) {
      }
      return true;
    } catch (const std::exception&) {  // the server is still starting, or has seen a deadlock
      return false;
    }
  }
  bool all_cancels_are_settled() {
    try {
      return site_.ask("SELECT count(*) FROM aftercommit.cancelled WHERE state = 'requested'")[0][0]
                 .as<long>() == 0;
    } catch (const std::exception&) {
      return false;
    }
  }

  long between(long least, long most) { return std::uniform_int_distribution<long>{least, most}(random_); }

  void keep_all_but_producers_running() {
    for (auto& worker : supervised_) worker.keep_running(site_);
    plain_.keep_running(site_);
    relay_.keep_running(site_);
  }
  void keep_all_running() {
    keep_all_but_producers_running();
    for (auto& producer : producers_) producer.keep_running(site_);
  }

  /// Faults come as cards of a shuffled deck: in a short run as well, each kind has its turn.
  void next_fault() {
    if (deck_.empty()) {
      const auto add = [&](int cards, void (Chaos::*fault)()) { deck_.insert(deck_.end(), cards, fault); };
      add(6, &Chaos::kill_child);
      add(4, &Chaos::kill_plain);
      add(1, &Chaos::kill_supervisor);
      add(5, &Chaos::kill_relay);
      add(2, &Chaos::kill_producer);
      add(3, &Chaos::freeze);
      add(1, &Chaos::restart_redis);
      add(1, &Chaos::restart_redis_empty);
      add(1, &Chaos::flush_redis);
      if (site_.cluster) {
        add(2, &Chaos::fail_redis_over);
        add(2, &Chaos::move_slot);
      }
      if (site_.pair) {
        add(2, &Chaos::promote_standby);
      } else {
        add(1, &Chaos::crash_postgres);
      }
      add(2, &Chaos::end_sessions);
      add(1, &Chaos::cut_clients);
      std::ranges::shuffle(deck_, random_);
    }
    const auto fault = deck_.back();
    deck_.pop_back();
    (this->*fault)();
  }

  /// Of all supervisors; a supervisor is a worker process whose child is one too.
  std::vector<pid_t> supervised_children() {
    std::vector<pid_t> found;
    for (const auto process : support::children_of(::getpid())) {
      if (!support::command_line_of(process).starts_with(AFTERCOMMIT_WORKER)) continue;
      const auto children = support::children_of(process);
      found.insert(found.end(), children.begin(), children.end());
    }
    return found;
  }

  void kill_child() {
    const auto children = supervised_children();
    if (children.empty()) return;
    ::kill(children[static_cast<std::size_t>(between(0, static_cast<long>(children.size()) - 1))], SIGKILL);
    ++toll_.children;
  }
  void kill_plain() { toll_.workers += plain_.signal(SIGKILL) ? 1 : 0; }
  void kill_supervisor() {
    toll_.supervisors +=
        supervised_[static_cast<std::size_t>(between(0, kSupervised - 1))].signal(SIGKILL) ? 1 : 0;
  }
  void kill_relay() { toll_.relays += relay_.signal(SIGKILL) ? 1 : 0; }
  void kill_producer() {
    toll_.producers +=
        producers_[static_cast<std::size_t>(between(0, static_cast<long>(producers_.size()) - 1))].signal(
            SIGKILL)
            ? 1
            : 0;
  }
  void freeze() {
    auto victims = supervised_children();
    if (victims.empty()) return;
    const auto victim = victims[static_cast<std::size_t>(between(0, static_cast<long>(victims.size()) - 1))];
    support::stop_process(victim);
    frozen_.push_back({victim, Clock::now() + milliseconds{between(200, 5000)}, now_ms()});
    ++toll_.freezes;
  }
  void thaw(bool all) {
    std::erase_if(frozen_, [&](const auto& entry) {
      if (!all && Clock::now() < entry.until) return false;
      ::kill(entry.process, SIGCONT);
      freezes_.push_back({.pid = entry.process, .from_ms = entry.since_ms, .until_ms = now_ms()});
      return true;
    });
  }
  /// Of a shard of the cluster.
  unsigned any_slot() {
    return cluster_slot(cluster_tag(static_cast<unsigned>(between(0, kUsualClusterShards - 1))));
  }
  support::PrivateRedis& any_redis() {
    if (site_.cluster) {
      site_.cluster->comes_to_be_whole();
      return site_.cluster->master_of(any_slot());
    }
    const auto which = between(0, static_cast<long>(site_.more_redis.size()));
    return which == 0 ? site_.redis : site_.more_redis[static_cast<std::size_t>(which - 1)];
  }
  void restart_redis() {
    support::restart(any_redis());
    site_.broker_losses.push_back(now_ms());  // what it had not written, by its settings of a second at most
    ++toll_.redis_with_data;
  }
  void restart_redis_empty() {
    support::restart_empty(any_redis());
    site_.broker_losses.push_back(now_ms());
    ++toll_.redis_without_data;
  }
  void flush_redis() {
    ask_redis(any_redis(), {"FLUSHALL"});
    site_.broker_losses.push_back(now_ms());
    ++toll_.flushes;
  }
  /// The master of a shard dies, its replica takes its place, and follows that when it is back.
  void fail_redis_over() {
    if (!site_.cluster->comes_to_be_whole()) return;
    const auto slot = any_slot();
    auto& master = site_.cluster->master_of(slot);
    master.kill();
    toll_.redis_failovers += site_.cluster->comes_to_leave(master, slot) ? 1 : 0;
    site_.broker_losses.push_back(now_ms());  // of what the replica had not been sent
    master.start();
  }
  void move_slot() {
    if (!site_.cluster->comes_to_be_whole()) return;
    const auto slot = any_slot();
    site_.cluster->move_slot(slot, site_.cluster->other_master(site_.cluster->master_of(slot)));
    ++toll_.slots_moved;
  }
  void crash_postgres() {
    database_crashes_.push_back(now_ms());
    support::crash(site_.postgres);
    ++toll_.postgres_crashes;
  }
  void promote_standby() {
    database_crashes_.push_back(now_ms());
    site_.pair->fail_over();
    ++toll_.promotions;
  }
  void end_sessions() {
    try {
      toll_.backends +=
          site_
              .ask(
                  "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                  "pid <> pg_backend_pid() AND backend_type = 'client backend' AND random() < 0.4")[0][0]
              .as<long>();
    } catch (const std::exception&) {  // the server is still starting
    }
  }
  void cut_clients() {
    const auto& redis = any_redis();
    ask_redis(redis, {"CLIENT", "KILL", "TYPE", "normal"});
    ask_redis(redis, {"SCRIPT", "FLUSH"});
    ++toll_.client_cuts;
  }

  Site site_;
  const Clock::time_point end_;
  const long pause_ms_;
  const std::vector<ProducerKind> others_;
  std::mt19937_64 random_;
  std::vector<std::string> started_;  // the kind of each producer, in the order of their starts
  std::vector<Role> supervised_;
  Role plain_{[this] { return worker_command({}); }};
  Role relay_{[] { return Site::worker_command({"--relay-only", "--log-level", "error"}, ""); }};
  std::vector<Role> producers_;
  std::vector<void (Chaos::*)()> deck_;
  struct Frozen {
    pid_t process;
    Clock::time_point until;
    long long since_ms;
  };
  std::vector<Frozen> frozen_;
  std::vector<Freeze> freezes_;
  std::vector<long long> database_crashes_;
  Toll toll_;
};

void print(Chaos& chaos, const Findings& found, bool drained) {
  const auto& toll = chaos.toll();
  const int workers = toll.children + toll.workers + toll.supervisors;
  std::printf("seed                     %llu\n", static_cast<unsigned long long>(chaos.seed()));
  std::printf("jobs                     %zu of %zu committed transactions (%zu were begun)\n", found.jobs,
              found.committed, found.transactions);
  if (chaos.several_kinds()) std::printf("committed by             %s\n", chaos.committed_by_kind().c_str());
  std::printf(
      "kills                    %d: %d workers (%d children of a supervisor, %d supervisors), %d relays\n",
      workers + toll.relays, workers, toll.children, toll.supervisors, toll.relays);
  std::printf(
      "besides                  %d producers killed, %d workers frozen, %ld sessions ended, %d times all "
      "clients "
      "cut\n",
      toll.producers, toll.freezes, toll.backends, toll.client_cuts);
  std::printf(
      "restarts                 Redis %d with data, %d without, %d times flushed; PostgreSQL %d, and %d "
      "times a standby took its place\n",
      toll.redis_with_data, toll.redis_without_data, toll.flushes, toll.postgres_crashes, toll.promotions);
  if (toll.redis_failovers + toll.slots_moved > 0) {
    std::printf(
        "Redis Cluster            %d times a replica took its master's place, %d slots of shards moved\n",
        toll.redis_failovers, toll.slots_moved);
  }
  std::printf("effects                  %zu, and %zu dead as they should be (%zu of them by kills)\n",
              found.effects, found.dead, found.crashed);
  std::printf("duplicates suppressed    %zu attempts were started again without a second effect\n",
              found.reruns.size());
  std::printf(
      "features                 %zu jobs cancelled, %zu unique ones asked for (of both %zu did not run), %zu "
      "results, %zu jobs under a limit, %zu ticks\n",
      found.cancelled, found.unique_asks, found.vanished, found.results_kept, found.limited, found.ticks);
  std::printf(
      "flows                    %zu of 5 to 20 stops (and those they ask for): %zu steps, %zu of them in "
      "another "
      "try; %zu events, %zu jobs that they asked for\n",
      found.journeys, found.steps, found.steps_retried, found.gifts, found.flow_children);
  std::printf("on-commit jobs missing   %zu, all within a window in which they may be\n", found.explained);
  std::printf("lost                     %zu\n", found.lost.size());
  std::printf("doubled                  %zu\n", found.doubled.size());
  std::printf("rolled back and run      %zu\n", found.ghosts.size());
  const auto of_features = found.cancels.size() + found.uniques.size() + found.results.size() +
                           found.limits.size() + found.periodic.size() + found.flows.size();
  std::printf("of features              %zu\n", of_features);
  std::printf("other violations         %zu\n", found.violations() - found.lost.size() -
                                                    found.doubled.size() - found.ghosts.size() - of_features);
  if (found.violations() > 0) std::cout << '\n' << found.text();
  if (!drained) std::cout << "Not all was done 90 s after the last fault.\n";
}

int main_program(int argc, char** argv) {
  cxxopts::Options description{"chaos", "Kills everything at random and says what became of the jobs.\n"};
  description.add_options()                                                                           //
      ("minutes", "how long", cxxopts::value<double>()->default_value("1"), "N")                      //
      ("seed", "of the faults and the jobs; drawn if not given", cxxopts::value<std::string>(), "S")  //
      ("jobs", "about how many; 2500 a minute if not given", cxxopts::value<long>(), "N")             //
      ("form",
       "of the servers: plain; standby: a PostgreSQL with a synchronous one; shards: three of Redis; "
       "cluster: six of Redis",                                     //
       cxxopts::value<std::string>()->default_value("plain"), "F")  //
      ("producers",
       "ours; all: besides on libpqxx, libpq, by SQL, from Python, Node and Celery, as far as they are found",
       cxxopts::value<std::string>()->default_value("ours"), "P")  //
      ("help", "print this and exit");
  const auto parsed = description.parse(argc, argv);
  if (parsed.count("help") > 0) {
    std::cout << description.help();
    return 0;
  }
  if (parsed.count("seed") > 0) ::setenv("FAULT_SEED", parsed["seed"].as<std::string>().c_str(), 1);
  const double minutes = parsed["minutes"].as<double>();
  const auto length =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{minutes * 60});
  const long jobs = parsed.count("jobs") > 0 ? parsed["jobs"].as<long>() : static_cast<long>(minutes * 2500);
  const auto form = parsed["form"].as<std::string>();
  if (form != "plain" && form != "standby" && form != "shards" && form != "cluster") {
    std::cerr << "chaos: there is no form '" << form << "': it is plain, standby, shards or cluster\n";
    return 2;
  }
  const auto producers = parsed["producers"].as<std::string>();
  if (producers != "ours" && producers != "all") {
    std::cerr << "chaos: there are no producers '" << producers << "': they are ours or all\n";
    return 2;
  }
  Chaos chaos{length, std::max(jobs, 1L),
              form == "standby" ? std::optional{support::Standby::kSynchronous} : std::nullopt,
              form == "shards"    ? 3U
              : form == "cluster" ? Site::kCluster
                                  : 1U,
              producers == "all" ? other_producer_kinds() : std::vector<ProducerKind>{}};
  std::printf("seed %llu, %.1f minutes\n", static_cast<unsigned long long>(chaos.seed()), minutes);
  std::fflush(stdout);
  chaos.run();
  const bool drained = chaos.drain();
  const auto found = chaos.findings();
  print(chaos, found, drained);
  return drained && found.violations() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aftercommit::fault

int main(int argc, char** argv) {
  try {
    return aftercommit::fault::main_program(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "chaos: " << error.what() << '\n';
    return 2;
  }
}
