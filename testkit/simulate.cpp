/// Rounds of the same jobs with other faults each, and the same effects in the end.
#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/testing_running.hpp"
#include "aftercommit/testing_simulate.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "testkit/faults.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 16;    // ready jobs whose order is left to chance
constexpr std::size_t kMostTold = 60;  // lines of a round that failed
constexpr auto kAsidePatience = 10s;   // with a database that has been doubted

enum class Fault { kNone, kLaterTwice, kTwiceAtOnce, kAtUse, kAtCommit, kBehindCommit, kDiesAfter };

/// One round.
class Round {
 public:
  /// `uses`: of databases in a run of each task, as far as is known.  None is owned; all outlive this.
  Round(Kit& kit, SessionEnd& sessions, const Simulation& simulation, std::map<std::string, int>& uses,
        std::optional<std::uint64_t> seed)
      : kit_{kit},
        sessions_{sessions},
        simulation_{simulation},
        uses_{uses},
        seed_{seed},
        order_{seed.value_or(0)} {}

  /// The effects.
  std::string run() {
    kit_.reset();
    simulation_.reset();
    simulation_.ask();
    {
      const Kit::Busy busy{kit_};
      while (step()) {
      }
    }
    return simulation_.effects();
  }

  std::size_t runs() const noexcept { return runs_; }
  std::size_t faults() const noexcept { return faults_; }
  /// What was done, a line each.
  std::string told() const {
    std::string text;
    const auto first = told_.size() > kMostTold ? told_.size() - kMostTold : 0;
    if (first > 0) text += "  (" + std::to_string(first) + " before)\n";
    for (std::size_t i = first; i < told_.size(); ++i) text += "  " + told_[i] + "\n";
    return text;
  }

 private:
  /// Draws for one job alone, so that what two threads make of another does not change it.
  struct Fate {
    std::mt19937_64 random;
    int met = 0;

    std::size_t draw(std::size_t below) {
      return std::uniform_int_distribution<std::size_t>{0, below - 1}(random);
    }
  };

  Fate& fate_of(const Fetched& job) {
    const auto number = fates_.size();
    const auto [fate, added] = fates_.try_emplace(id_of(job));
    if (added) fate->second.random.seed(seed_.value_or(0) + 0x9E3779B97F4A7C15U * (number + 1));
    return fate->second;
  }

  /// False: nothing is left.
  bool step() {
    auto& broker = kit_.broker();
    broker.promote(broker.queues(), kAtOnce);
    auto jobs = broker.fetch(kTestWorker, broker.queues(), kAtOnce, Millis{0});
    if (jobs.empty()) return broker.hurry() || bring_back();
    if (seed_) std::ranges::shuffle(jobs, order_);
    for (const auto& job : jobs) {
      wait_until_served();
      if (runs_ >= simulation_.at_most) {
        throw SimulationFailed{"the jobs of a round do not end; the last of what was done:\n" + told(),
                               seed_.value_or(0)};
      }
      run(job, fault_for(job));
    }
    return true;
  }

  /// Else it would be a matter of time whether a job runs or is put aside, and with it what is drawn next.
  void wait_until_served() {
    auto& gate = kit_.runner().gate();
    const auto deadline = std::chrono::steady_clock::now() + kAsidePatience;
    for (const auto& [alias, database] : kit_.app().core().databases()) {
      while (!gate.serves(*database) && std::chrono::steady_clock::now() < deadline)
        gate.wait_for_change(50ms, {});
    }
  }

  Fault fault_for(const Fetched& job) {
    if (!seed_) return Fault::kNone;
    auto& fate = fate_of(job);
    if (fate.met >= simulation_.faults || fate.draw(3) == 0) return Fault::kNone;
    ++fate.met;
    return static_cast<Fault>(1 + fate.draw(6));
  }

  std::optional<Envelope> read(const Fetched& job) const {
    auto decoded = decode(job.payload, kit_.app().options().payload_limit);
    auto* const envelope = std::get_if<Envelope>(&decoded);
    return envelope != nullptr ? std::optional{std::move(*envelope)} : std::nullopt;
  }
  /// Where it cannot be read, its text.
  std::string id_of(const Fetched& job) const {
    const auto envelope = read(job);
    return envelope ? envelope->id.str() : job.payload;
  }
  std::string task_of(const Fetched& job) const {
    const auto envelope = read(job);
    return envelope ? envelope->task : "unknown";
  }

  void run(const Fetched& job, Fault fault) {
    auto& runner = kit_.runner();
    const auto run_one = [&](RunFault* what) { return runner.run(job, runner.running(), what); };
    switch (fault) {
      case Fault::kNone: {
        EndAtUse counts{sessions_, 0};
        auto ended = run_one(&counts);
        if (!seed_) {  // once: so that a seed makes the same choices whatever ran before it
          auto& uses = uses_[ended.run.task];
          uses = std::max(uses, counts.uses());
        }
        return settle(std::move(ended), "");
      }
      case Fault::kLaterTwice:
        deliver_again(job);
        settle(run_one(nullptr), "delivered twice");
        break;
      case Fault::kTwiceAtOnce:
        run_twice_at_once(job);
        break;
      case Fault::kAtUse: {
        const auto known = static_cast<std::size_t>(std::max(uses_[task_of(job)], 1));
        const int use = 1 + static_cast<int>(fate_of(job).draw(known));
        EndAtUse end{sessions_, use};
        auto ended = run_one(&end);
        if (!end.met()) return settle(std::move(ended), "");
        give_back(job, ended.run, "its session ended before statement " + std::to_string(use));
        break;
      }
      case Fault::kAtCommit: {
        EndAtCommit end{sessions_};
        auto ended = run_one(&end);
        if (!end.met()) return settle(std::move(ended), "");
        give_back(job, ended.run, "its session ended before COMMIT");
        break;
      }
      case Fault::kBehindCommit: {
        EndBehindCommit end;
        const auto ended = run_one(&end);
        give_back(job, ended.run, "its session ended behind COMMIT, and its worker died");
        break;
      }
      case Fault::kDiesAfter: {
        const auto ended = run_one(nullptr);
        give_back(job, ended.run, "its worker died when it had ended");
        break;
      }
    }
    ++faults_;
  }

  /// As its worker says.
  void settle(Runner::End end, const std::string& what) {
    note(end.run, what);
    kit_.broker().settle(kTestWorker, std::vector{std::move(end.settlement)});
  }
  /// As if that had not been said.
  void give_back(const Fetched& job, const JobRun& run, const std::string& what) {
    note(run, what);
    const std::vector<Settlement> release{
        {.kind = Settlement::Kind::kRelease, .queue = job.queue, .entry = job.entry, .payload = job.payload}};
    kit_.broker().settle(kTestWorker, release);
  }

  /// Another delivery of the same job, which waits behind the others.
  void deliver_again(const Fetched& job) {
    const std::vector<Outgoing> copy{{.queue = job.queue, .payload = job.payload}};
    kit_.broker().enqueue(copy, Millis{0});
  }

  void run_twice_at_once(const Fetched& job) {
    auto& runner = kit_.runner();
    std::optional<Runner::End> other;
    std::exception_ptr failure;
    std::thread beside{[&] {
      try {
        other = runner.run(job, runner.beside());
      } catch (...) {
        failure = std::current_exception();
      }
    }};
    struct Joined {
      std::thread& thread;
      ~Joined() { thread.join(); }
    };
    std::optional<Runner::End> end;
    {
      const Joined joined{beside};
      end = runner.run(job, runner.running());
    }
    if (failure) std::rethrow_exception(failure);
    deliver_again_for(job, *std::move(other));
    settle(*std::move(end), "delivered to two workers at once");
  }

  /// The other delivery has an entry of its own, which goes on as its worker says.
  void deliver_again_for(const Fetched& job, Runner::End end) {
    using Kind = Settlement::Kind;
    note(end.run, "the other worker");
    const auto kind = end.settlement.kind;
    if (kind == Kind::kAck || kind == Kind::kBury) return;
    const std::vector<Outgoing> copy{
        {.queue = job.queue, .payload = end.settlement.payload, .countdown = end.settlement.countdown}};
    kit_.broker().enqueue(copy, Millis{0});
  }

  /// What stands aside for a database that was doubted, once it has answered.
  bool bring_back() {
    auto& broker = kit_.broker();
    auto& gate = kit_.runner().gate();
    const auto deadline = std::chrono::steady_clock::now() + kAsidePatience;
    for (;;) {
      bool waits = false;
      for (const auto& jobs : broker.aside(broker.queues())) {
        const auto* const watch = gate.watch_of(jobs.reason);
        if (watch == nullptr) continue;  // for a task that is not here
        waits = true;
        if (watch->serves() && broker.bring_back(jobs.queue, jobs.reason, kAtOnce, true) > 0) return true;
      }
      if (!waits || std::chrono::steady_clock::now() > deadline) return false;
      gate.wait_for_change(50ms, {});
    }
  }

  void note(const JobRun& run, const std::string& what) {
    ++runs_;
    told_.push_back(run.id.str() + ", " + run.text() + (what.empty() ? "" : "; " + what));
  }

  Kit& kit_;  // not owned, outlives this, as the next three
  SessionEnd& sessions_;
  const Simulation& simulation_;
  std::map<std::string, int>& uses_;
  const std::optional<std::uint64_t> seed_;  // nothing: without faults
  std::mt19937_64 order_;
  std::map<std::string, Fate> fates_;  // by job
  std::vector<std::string> told_;
  std::size_t runs_ = 0;
  std::size_t faults_ = 0;
};

void check(Kit& kit, const Simulation& simulation) {
  kit.check_free("simulate");
  if (!kit.sessions_under_test().empty()) {
    throw UsageError{
        "cannot simulate inside a test's transaction: what is not committed no other session sees; use a "
        "fixture without RolledBackTransaction"};
  }
  if (kit.eager() != nullptr)
    throw UsageError{"cannot simulate while an Eager runs the jobs at each commit: end it before"};
  if (!simulation.reset || !simulation.ask || !simulation.effects)
    throw UsageError{"cannot simulate: give all three of reset, ask and effects"};
}

}  // namespace

SimulationReport simulate(std::uint64_t seed, App& app, const Simulation& simulation) {
  auto& kit = Kit::of(app);
  check(kit, simulation);
  kit.runner();  // makes the tables, before anything asks for a job
  SessionEnd sessions{app};
  SimulationReport report{.seed = seed, .rounds = simulation.rounds};
  std::map<std::string, int> uses;
  Round clean{kit, sessions, simulation, uses, std::nullopt};
  const auto expected = clean.run();
  report.runs = clean.runs();
  if (report.runs == 0) {
    throw UsageError{
        "cannot simulate: `ask` has asked for no job that could run, so nothing meets a fault; jobs that SQL "
        "asks for are not brought"};
  }
  for (int i = 0; i < simulation.rounds; ++i) {
    const auto own = seed + static_cast<std::uint64_t>(i);
    Round round{kit, sessions, simulation, uses, own};
    const auto found = round.run();
    report.runs += round.runs();
    report.faults += round.faults();
    if (found == expected) continue;
    throw SimulationFailed{"the effects are not those of one run; simulate(" + std::to_string(own) +
                               ", ...) with .rounds = 1 does the same again.\nThe effects of one run:\n" +
                               expected + "\nand in this round:\n" + found + "\nwhat was done:\n" +
                               round.told(),
                           own};
  }
  kit.reset();
  return report;
}

std::uint64_t any_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

std::string rows_of(Database& database, std::string_view sql) {
  std::string text;
  for (const auto& row : database.exec(sql)) {
    bool first = true;
    for (const auto& field : row) {
      text +=
          (std::exchange(first, false) ? "" : " | ") + std::string{field.is_null() ? "null" : field.c_str()};
    }
    text += "\n";
  }
  return text;
}

}  // namespace aftercommit::testing
