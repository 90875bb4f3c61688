#include "fault/harness/canceller.hpp"

#include <algorithm>
#include <exception>

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;

constexpr long kLongestWaitMs = 1200;
constexpr milliseconds kUntilAgain{2500};

void note_answer(Transaction& tx, const std::string& job, const std::string& answer) {
  tx.exec("INSERT INTO cancel_answer(job_id, answer) VALUES ($1, $2)", job, answer);
}

}  // namespace

Canceller::Canceller(const App& app, double share)
    : app_{app}, elsewhere_{{.url = app.database().options().url}, "elsewhere"}, share_{share} {}

void Canceller::choose(Dice& dice, const Intent& intent) {
  // Nobody cancels what may still be on its way to its commit: of that the answer would say nothing.
  if (intent.outcome != Outcome::kOk) return;
  for (const auto& job : intent.jobs) {
    if (job.rolled_back || !dice.falls(job.task == "slow" ? 0.5 : share_)) continue;
    chosen_.push_back({.at = Clock::now() + milliseconds{dice.between(0, kLongestWaitMs)}, .job = job.id});
  }
}

void Canceller::cancel_due() {
  const auto now = Clock::now();
  std::vector<Chosen> due;
  std::erase_if(chosen_, [&](const Chosen& one) {
    if (one.at > now) return false;
    due.push_back(one);
    return true;
  });
  for (const auto& one : due) {
    try {
      by_sql_ = !by_sql_;
      const auto answer = by_sql_ ? cancel_by_sql(one.job) : cancel_by_call(one.job);
      if (answer == "running" && !one.again) {
        chosen_.push_back({.at = now + kUntilAgain, .job = one.job, .again = true});
      }
    } catch (const std::exception&) {  // rolled back, and its answer with it; or in doubt, and with it
    }
  }
}

std::string Canceller::cancel_by_sql(const std::string& job) {
  std::string answer;
  elsewhere_.atomic([&](Transaction& tx) {
    answer = tx.exec("SELECT aftercommit.cancel($1::uuid, 'by SQL')", job)[0][0].as<std::string>();
    note_answer(tx, job, answer);
  });
  return answer;
}

std::string Canceller::cancel_by_call(const std::string& job) {
  std::string answer;
  app_.database().atomic([&](Transaction& tx) {
    answer = to_string(app_.cancel(JobId::parse(job).value(), {.database = {}, .note = "by a call"}));
    note_answer(tx, job, answer);
  });
  return answer;
}

}  // namespace aftercommit::fault
