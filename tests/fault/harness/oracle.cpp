#include "fault/harness/oracle.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <sstream>

#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/feature_oracle.hpp"
#include "fault/harness/intent.hpp"
#include "fault/harness/journey_oracle.hpp"
#include "fault/harness/journey_tasks.hpp"
#include "worker/held/interruptions.hpp"

namespace aftercommit::fault {
namespace {

using nlohmann::json;

constexpr long long kEarlyMs = 50;  // what clocks and rounding may make of "not before"

/// Everything that is known of one job.
struct History {
  std::string task;
  std::string why_not;  ///< why it must not run; empty: it must
  bool durable = true;
  bool may_be_missing = false;
  long long taken_back_ms = 0;  ///< when the commit was lost with the primary; 0: it was not
  long long due_ms = 0;
  std::vector<int> effects{};  ///< their attempts
  std::vector<long> effect_ids{};
  std::map<int, int> runs{};  ///< how often each attempt was started
  long long first_run_ms = 0;
  long long last_run_ms = 0;
  std::vector<json> letters{};          ///< of its deaths
  bool known = false;                   ///< somebody meant it
  std::vector<std::string> children{};  ///< of a flow: jobs that it has waited for
};

using Histories = std::map<std::string, History>;

bool deliberate(const json& error) { return error.at("error").get<std::string>().starts_with(kDeliberate); }

class Checker {
 public:
  explicit Checker(const Evidence& evidence)
      : evidence_{evidence}, connection_{evidence.database_url}, session_{connection_} {}

  Findings run() {
    read_intentions();
    read_effects();
    read_runs();
    read_dead();
    if (evidence_.features) read_features();
    for (const auto& [id, job] : jobs_) judge(id, job);
    if (features_) judge_features();
    if (journeys_) judge_journeys();
    check_counter();
    read_left_over();
    return std::move(findings_);
  }

 private:
  void read_intentions() {
    std::set<long> committed;
    for (const auto& row : session_.exec("SELECT tx FROM biz")) committed.insert(row[0].as<long>());
    const auto intents = read_intents(evidence_.intents);
    findings_.transactions = intents.size();
    findings_.committed = committed.size();
    for (const auto& [number, intent] : intents) {
      const bool stands = committed.count(number) > 0;
      const auto name = "transaction " + std::to_string(number);
      const bool said_to_stand = intent.outcome == Outcome::kOk || intent.outcome == Outcome::kUnsent;
      const auto taken_back = stands ? 0 : taken_back_at(intent);
      findings_.taken_back += said_to_stand && taken_back != 0 ? 1 : 0;
      if (said_to_stand && !stands && taken_back == 0) {
        findings_.lied.push_back(name + " was committed, but is not there");
      }
      if (stands && (!intent.commits || intent.outcome == Outcome::kRolledBack)) {
        findings_.lied.push_back(name + " was rolled back, but is there");
      }
      for (const auto& job : intent.jobs) add(job, intent, stands, taken_back);
    }
  }

  /// The promotion of a standby that may have lacked the commit; 0: there was none.
  long long taken_back_at(const Intent& intent) const {
    const bool may_have_stood = intent.commits && intent.outcome != Outcome::kError;
    if (!may_have_stood || intent.jobs.empty()) return 0;
    return next_lossy_promotion(intent.jobs.front().asked_ms);
  }
  long long next_lossy_promotion(long long after_ms) const {
    for (const auto at : evidence_.lossy_promotions) {
      if (at >= after_ms) return at;
    }
    return 0;
  }

  void add(const IntendedJob& meant, const Intent& intent, bool stands, long long taken_back) {
    auto& job = jobs_[meant.id];
    job.known = true;
    job.task = meant.task;
    job.durable = meant.durable;
    job.due_ms = meant.asked_ms + meant.countdown_ms;
    if (!stands) job.why_not = "its transaction " + std::to_string(intent.number) + " is not committed";
    if (meant.rolled_back) job.why_not = "its savepoint was rolled back";
    const bool lost_with_broker =
        std::ranges::any_of(evidence_.broker_losses, [&](long long at) { return at >= meant.asked_ms; });
    // What it left in the database may be lost with the primary, and then nobody has it any more.
    const bool lost_with_effect = next_lossy_promotion(meant.asked_ms) != 0;
    job.may_be_missing =
        !meant.durable && (intent.outcome != Outcome::kOk || lost_with_broker || lost_with_effect);
    if (!meant.rolled_back) job.taken_back_ms = taken_back;
  }

  void read_effects() {
    const auto rows = session_.exec("SELECT job_id, attempt, child, id FROM effect");
    findings_.effects = rows.size();
    for (const auto& row : rows) {
      auto& job = jobs_[row[0].as<std::string>()];
      job.effects.push_back(row[1].as<int>());
      job.effect_ids.push_back(row[3].as<long>());
      if (row[2].is_null()) continue;
      auto& child = jobs_[row[2].as<std::string>()];  // exists because its parent's transaction committed
      child.known = true;
      child.task = "ok";
    }
  }

  void read_runs() {
    std::ifstream file{evidence_.runs};
    std::string id;
    int attempt = 0;
    long pid = 0;
    long long at = 0;
    while (file >> id >> attempt >> pid >> at) {
      ++findings_.runs;
      auto& job = jobs_[id];
      ++job.runs[attempt];
      if (job.first_run_ms == 0 || at < job.first_run_ms) job.first_run_ms = at;
      job.last_run_ms = std::max(job.last_run_ms, at);
    }
  }

  void read_dead() {
    for (const auto& row : session_.exec("SELECT id, letter FROM aftercommit.dead")) {
      add_letter(row[0].as<std::string>(), json::parse(row[1].as<std::string>(), nullptr, false));
    }
    for (const auto& text : evidence_.letters) {
      const auto letter = json::parse(text, nullptr, false);
      // What is no job at all is nobody's loss.
      if (letter.contains("job")) add_letter(letter.at("job").value("id", ""), letter);
    }
  }

  void add_letter(const std::string& id, const json& letter) {
    ++findings_.dead;
    if (letter.value("cause", "") == "crashed") ++findings_.crashed;
    jobs_[id].letters.push_back(letter);
  }

  /// Jobs of periodic tasks are meant by nobody but those.
  void read_features() {
    features_.emplace(session_);
    journeys_.emplace(session_);
    const auto mean = [this](const std::string& id, const std::string& task) {
      auto& job = jobs_[id];
      job.known = true;
      job.task = task;
    };
    for (const auto& tick : features_->ticks()) mean(tick.job, "tick");
    for (const auto& child : journeys_->children()) {
      mean(child.job, child.task);
      if (child.task != "ok") jobs_[child.flow].children.push_back(child.job);
    }
    for (auto& [id, job] : jobs_) {
      if (job.letters.empty() || !job.letters[0].contains("job")) continue;
      const auto& envelope = job.letters[0].at("job");
      if (envelope.value("task", "") != "tick") continue;
      mean(id, "tick");
      dead_ticks_.push_back({.name = envelope.at("args").at(0).get<std::string>(),
                             .at_s = envelope.at("tick_at").get<long long>() / 1000,
                             .job = id});
    }
  }

  static std::string name_of(const std::string& id, const History& job) {
    return "job " + id + (job.task.empty() ? "" : " (" + job.task + ")");
  }
  static JobEnd end_of(const std::string& id, const History& job) {
    return {.name = name_of(id, job),
            .task = job.task,
            .durable = job.durable,
            .effects = job.effect_ids,
            .letters = job.letters.size()};
  }

  /// Of what was committed: the rest is judged already.
  void judge_features() {
    std::map<std::string, JobEnd> ends;
    for (const auto& [id, job] : jobs_) {
      if (job.known && job.why_not.empty()) ends.emplace(id, end_of(id, job));
    }
    features_->judge(ends, dead_ticks_, evidence_, findings_);
  }

  void judge_journeys() {
    std::map<std::string, JourneyOracle::End> ends;
    for (const auto& [id, job] : jobs_) {
      if (!is_flow(job) || !job.known || !job.why_not.empty()) continue;
      ends.emplace(id, JourneyOracle::End{.name = name_of(id, job),
                                          .is_dead = !job.letters.empty(),
                                          .was_cancelled = features_->may_have_vanished(id, end_of(id, job)),
                                          .cancelled_us = features_->cancelled_us(id)});
    }
    journeys_->judge(ends, findings_);
  }

  static bool is_flow(const History& job) { return job.task == kJourney; }

  void judge(const std::string& id, const History& job) {
    const auto name = name_of(id, job);
    if (!job.known || !job.why_not.empty()) {
      const bool buried = job.known && !job.letters.empty();  // what nobody meant may well be buried
      if (job.effects.empty() && job.runs.empty() && !buried) return;
      if (was_taken_back(job)) return;
      findings_.ghosts.push_back(name + " ran " + std::to_string(count_runs(job)) + " times with " +
                                 std::to_string(job.effects.size()) + " effects, but " +
                                 (job.known ? job.why_not : "nobody committed it"));
      return;
    }
    ++findings_.jobs;
    judge_end(id, name, job);
    judge_attempts(name, job);
    if (job.first_run_ms != 0 && job.first_run_ms + kEarlyMs < job.due_ms) {
      findings_.early.push_back(name + " started " + std::to_string(job.due_ms - job.first_run_ms) +
                                " ms before it was due");
    }
  }

  /// Whether its transaction was lost with the primary, and what it has done since is what may be done: a
  /// durable job nothing, one on commit anything.  One that nobody meant is the child of a task whose commit
  /// was lost.
  bool was_taken_back(const History& job) {
    const auto at = job.known ? job.taken_back_ms : next_lossy_promotion(job.first_run_ms);
    if (at == 0) return false;
    if (job.known && !job.durable) {
      ++findings_.outlived;
      return true;
    }
    return job.effects.empty() && job.letters.empty() && job.last_run_ms <= at;
  }

  void judge_end(const std::string& id, const std::string& name, const History& job) {
    const auto ends = job.effects.size() + job.letters.size();
    // A flow may be killed, again and again, between its last step and its end.
    const bool died_at_its_end = is_flow(job) && job.letters.size() == 1 && ends == 2 && dies(job);
    if (died_at_its_end) return;
    if (ends > 1) {
      findings_.doubled.push_back(name + " has " + std::to_string(job.effects.size()) + " effects and " +
                                  std::to_string(job.letters.size()) + " dead letters");
      return;
    }
    if (ends == 0 && features_ && features_->may_have_vanished(id, end_of(id, job))) {
      ++findings_.vanished;
    } else if (ends == 0 && job.may_be_missing) {
      ++findings_.explained;
    } else if (ends == 0) {
      findings_.lost.push_back(name + (job.durable ? "" : ", on commit,") + " is committed, was started " +
                               std::to_string(count_runs(job)) + " times, and is nowhere");
    } else if (job.letters.empty() == dies(job)) {
      findings_.wrongly_dead.push_back(name + (job.letters.empty() ? " took effect, but always fails"
                                                                   : " is dead: " + job.letters[0].dump()));
    }
  }

  /// Whether its end must be a dead letter.
  bool dies(const History& job) const {
    if (always_fails(job) || job.task == "poison") return true;
    if (job.letters.empty() || !evidence_.processes_die_running) return false;
    if (is_flow(job) && std::ranges::any_of(job.children, [this](const std::string& child) {
          const auto found = jobs_.find(child);
          return found != jobs_.end() && !found->second.letters.empty();
        })) {
      return true;
    }
    return job.letters[0].value("cause", "") == "crashed" && count_runs(job) >= 3;
  }

  static bool always_fails(const History& job) {
    return job.task == "fail_always" || job.task == "fail_late" || job.task == "returning_fails";
  }

  void judge_attempts(const std::string& name, const History& job) {
    const bool once = job.task == "fail_once" || job.task == "parent_fails_once";
    if (job.effects.size() == 1 && !is_flow(job)) {  // whose attempts begin anew with each step
      const auto effect = job.effects[0];
      // A session that is lost so often in a row is no longer taken for the server's fault.
      const auto may_be_used_up = std::ranges::count_if(job.runs, [&](const auto& run) {
        return run.first < effect && run.second >= worker::Interruptions::kMost;
      });
      const auto more = effect - (once ? 2 : 1);
      if (more < 0 || more > may_be_used_up) {
        findings_.miscounted.push_back(name + " took effect at attempt " + std::to_string(effect) +
                                       ", with attempts started so often: " + json(job.runs).dump());
      }
    }
    for (const auto& [attempt, times] : job.runs) {
      findings_.retries += attempt > 1 ? 1 : 0;
      if (times > 1) {
        findings_.reruns.push_back(name + " started attempt " + std::to_string(attempt) + " " +
                                   std::to_string(times) + " times");
      }
    }
    if (!always_fails(job) || job.letters.size() != 1) return;
    if (job.letters[0].value("cause", "") == "crashed") return;
    std::vector<int> counted;
    for (const auto& error : job.letters[0].at("job").at("errors")) {
      if (deliberate(error)) counted.push_back(error.at("attempt"));
    }
    std::vector<int> expected;
    for (int attempt = 1; attempt <= kRetriesOfFailAlways + 1; ++attempt) expected.push_back(attempt);
    if (counted != expected) {
      findings_.miscounted.push_back(name + " died after failures at attempts " + json(counted).dump());
    }
  }

  void check_counter() {
    const auto sum = session_.exec("SELECT coalesce(sum(n), 0) FROM counter")[0][0].as<std::size_t>();
    if (sum != findings_.effects) {
      findings_.doubled.push_back("the counter says " + std::to_string(sum) + ", and there are " +
                                  std::to_string(findings_.effects) + " effects");
    }
  }

  void read_left_over() {
    for (const auto& row : session_.exec("SELECT id, queue, attempt, due_at FROM aftercommit.job LIMIT 5")) {
      findings_.left_over.push_back("the row of job " + row[0].as<std::string>() + " in queue " +
                                    row[1].as<std::string>() + " at attempt " + row[2].as<std::string>());
    }
  }

  static int count_runs(const History& job) {
    int count = 0;
    for (const auto& [attempt, times] : job.runs) count += times;
    return count;
  }

  const Evidence& evidence_;
  pqxx::connection connection_;
  pqxx::nontransaction session_;
  Histories jobs_;
  std::optional<FeatureOracle> features_;
  std::optional<JourneyOracle> journeys_;
  std::vector<Tick> dead_ticks_;
  Findings findings_;
};

void write(std::ostream& out, const char* what, const std::vector<std::string>& list) {
  constexpr std::size_t kSamples = 5;
  if (list.empty()) return;
  out << what << ": " << list.size() << '\n';
  for (std::size_t i = 0; i < std::min(kSamples, list.size()); ++i) out << "  " << list[i] << '\n';
}

}  // namespace

std::size_t Findings::violations() const {
  return lost.size() + doubled.size() + ghosts.size() + wrongly_dead.size() + miscounted.size() +
         early.size() + lied.size() + left_over.size() + cancels.size() + uniques.size() + results.size() +
         limits.size() + periodic.size() + flows.size();
}

std::string Findings::text() const {
  std::ostringstream out;
  out << transactions << " transactions, " << committed << " committed; " << jobs << " jobs, " << effects
      << " effects, " << dead << " dead (" << crashed << " crashed), " << runs << " runs, " << retries
      << " retries, " << reruns.size() << " attempts started again, " << explained
      << " on-commit jobs missing as they may\n";
  write(out, "lost", lost);
  write(out, "doubled", doubled);
  write(out, "rolled back and run", ghosts);
  write(out, "wrongly dead or alive", wrongly_dead);
  write(out, "attempts miscounted", miscounted);
  write(out, "too early", early);
  write(out, "told the opposite", lied);
  write(out, "left over", left_over);
  write(out, "cancelled, and not as was answered", cancels);
  write(out, "unique jobs", uniques);
  write(out, "results", results);
  write(out, "limits", limits);
  write(out, "periodic tasks", periodic);
  write(out, "flows", flows);
  return out.str();
}

Findings check(const Evidence& evidence) { return Checker{evidence}.run(); }

}  // namespace aftercommit::fault
