#include "fault/harness/load.hpp"

#include <chrono>

#include "fault/harness/dice.hpp"

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;

struct RolledBack {};

/// Enqueues the jobs of one transaction.
class Asker {
 public:
  Asker(const FaultTasks& tasks, const Mix& mix, FeatureLoad* features, Dice& dice, Transaction& tx,
        Intent& intent)
      : tasks_{tasks}, mix_{mix}, features_{features}, dice_{dice}, tx_{tx}, intent_{intent} {}

  void ask_some() {
    if (dice_.falls(mix_.bulk)) {
      ask_bulk();
      return;
    }
    for (long left = dice_.between(1, 3); left > 0; --left) ask_one();
  }

 private:
  void ask_bulk() {
    std::vector<TaskCall<long>> calls;
    for (std::size_t i = 0; i < kBulk; ++i) calls.emplace_back(slot());
    const auto asked = now_ms();
    for (const auto& id : tasks_.ok.apply_async_many({.queue = kBulkQueue}, calls)) {
      intent_.jobs.push_back({.id = id.str(), .task = tasks_.ok.name(), .asked_ms = asked});
    }
  }

  void ask_one() {
    if (features_ != nullptr && features_->ask(dice_, tx_, intent_)) return;
    CallOptions options;
    if (dice_.falls(mix_.countdown)) {
      options.countdown = milliseconds{dice_.between(mix_.countdown_ms_min, mix_.countdown_ms_max)};
    }
    const double kind = static_cast<double>(dice_.between(0, 9999)) / 10000;
    double share = 0;
    const auto is = [&](double of) { return kind < (share += of); };
    if (is(mix_.fail_always)) {
      ask(intent_, tasks_.fail_always, options, slot());
    } else if (is(mix_.slow)) {
      ask(intent_, tasks_.slow, options, slot(), mix_.slow_ms);
    } else if (is(mix_.parent)) {
      ask(intent_, dice_.falls(0.5) ? tasks_.parent : tasks_.parent_fails_once, options, slot());
    } else if (is(mix_.fail_once)) {
      if (dice_.falls(mix_.on_commit)) options.delivery = Delivery::kOnCommit;
      ask(intent_, tasks_.fail_once, options, slot());
    } else if (dice_.falls(mix_.by_sql)) {
      ask_by_sql(tx_, intent_, tasks_.ok.name(), "[" + std::to_string(slot()) + "]",
                 options.countdown.value_or(milliseconds{0}).count());
    } else {
      if (dice_.falls(mix_.on_commit)) options.delivery = Delivery::kOnCommit;
      ask(intent_, tasks_.ok, options, slot());
    }
  }

  long slot() { return dice_.between(0, kSlots - 1); }

  const FaultTasks& tasks_;
  const Mix& mix_;
  FeatureLoad* const features_;
  Dice& dice_;
  Transaction& tx_;
  Intent& intent_;
};

}  // namespace

long long now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

IntendedJob& ask_by_sql(Transaction& tx, Intent& intent, const std::string& task, const std::string& args,
                        long countdown_ms) {
  const auto asked = now_ms();
  std::optional<milliseconds> countdown;
  if (countdown_ms > 0) countdown = milliseconds{countdown_ms};
  const auto id = tx.exec("SELECT aftercommit.enqueue($1, $2, queue => $3, countdown => $4)", task, args,
                          kLoadQueue, countdown)[0][0];
  intent.jobs.push_back(
      {.id = id.as<std::string>(), .task = task, .asked_ms = asked, .countdown_ms = countdown_ms});
  return intent.jobs.back();
}

Outcome Load::produce(long number) {
  Dice dice{seed_, number};
  const bool commits = !dice.falls(mix_.rolls_back);
  if (features_ != nullptr) features_->begin();
  const auto done = run(number, commits, [&](Transaction& tx, Intent& intent) {
    Asker asker{tasks_, mix_, features_, dice, tx, intent};
    asker.ask_some();
    if (features_ != nullptr && commits) features_->ask_paced(dice, intent);
    if (!dice.falls(mix_.savepoint)) return;
    const auto kept = intent.jobs.size();
    try {
      tasks_.app.database().atomic([&] {
        asker.ask_some();
        throw RolledBack{};
      });
    } catch (const RolledBack&) {
      for (auto i = kept; i < intent.jobs.size(); ++i) intent.jobs[i].rolled_back = true;
    }
    if (dice.falls(0.5)) asker.ask_some();
  });
  if (features_ != nullptr) features_->end(dice, done);
  return done.outcome;
}

Intent Load::run(long number, bool commits, const std::function<void(Transaction&, Intent&)>& body) {
  Intent intent{.number = number, .commits = commits};
  try {
    tasks_.app.database().atomic([&](Transaction& tx) {
      tx.exec("INSERT INTO biz(tx) VALUES ($1)", number);
      body(tx, intent);
      file_.note_wish(intent);
      if (!commits) throw RolledBack{};
    });
    intent.outcome = Outcome::kOk;
  } catch (const RolledBack&) {
    intent.outcome = Outcome::kRolledBack;
  } catch (const EnqueueError& error) {
    intent.outcome = Outcome::kUnsent;
    for (const auto& job : error.jobs()) intent.unsent.push_back(job.str());
  } catch (const Error& error) {
    intent.outcome = error.in_doubt() ? Outcome::kUnknown : Outcome::kError;
  } catch (const std::exception&) {
    intent.outcome = Outcome::kError;
  }
  file_.note_outcome(intent);
  return intent;
}

}  // namespace aftercommit::fault
