#include "client/transaction/durable_insert.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "base/epoch_ms.hpp"

namespace aftercommit::detail {

std::vector<std::string> job_row(const PendingJob& job, std::chrono::steady_clock::time_point now,
                                 std::string envelope) {
  const auto& outgoing = job.outgoing;
  std::string eta = "NULL";
  std::string countdown = "NULL";
  if (outgoing.eta) eta = std::to_string(epoch_ms(*outgoing.eta));
  if (outgoing.countdown) {
    const auto waited = std::chrono::duration_cast<Millis>(now - job.asked_at);
    countdown = std::to_string(countdown_ms(Millis{countdown_ms(*outgoing.countdown)} - waited));
  }
  return {literal(job.id.str()), literal(outgoing.queue), std::move(eta), std::move(countdown),
          std::move(envelope)};
}

std::string in_words(const std::vector<const PendingJob*>& jobs) {
  constexpr std::size_t kNamed = 5;
  std::set<std::string_view> tasks;
  for (const auto* job : jobs) tasks.insert(job->task);
  std::string text =
      jobs.size() == 1 ? "the durable job" : "the " + std::to_string(jobs.size()) + " durable jobs";
  text += tasks.size() == 1 ? " of task " : " of the tasks ";
  std::size_t named = 0;
  for (const auto task : tasks) {
    if (named == kNamed) return text + " and " + std::to_string(tasks.size() - kNamed) + " more";
    text.append(named++ > 0 ? ", '" : "'").append(task).append("'");
  }
  return text;
}

}  // namespace aftercommit::detail
