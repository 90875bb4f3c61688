#include "client/transaction/durable_insert.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/epoch_ms.hpp"

namespace aftercommit::detail {

namespace {

std::string eta_of(const PendingJob& job) {
  return job.outgoing.eta ? std::to_string(epoch_ms(*job.outgoing.eta)) : "NULL";
}

std::string countdown_of(const PendingJob& job, std::chrono::steady_clock::time_point now) {
  if (!job.outgoing.countdown) return "NULL";
  const auto waited = std::chrono::duration_cast<Millis>(now - job.asked_at);
  return std::to_string(countdown_ms(Millis{countdown_ms(*job.outgoing.countdown)} - waited));
}

/// An array of SQL, as text.
class ArrayText {
 public:
  /// For what needs no quotes: a number, a UUID, NULL.
  void add(std::string_view plain) { begin_next().append(plain); }
  void add_text(std::string_view text) {
    begin_next() += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  std::string take() && { return std::move(text_ += '}'); }

 private:
  std::string& begin_next() { return text_ += text_.empty() ? '{' : ','; }

  std::string text_;
};

/// As a literal, of what `add` adds for each; NULL, which costs the server nothing, where `any` is false.
std::string array_of(PendingJobs jobs, bool any, auto add) {
  if (!any) return "NULL";
  ArrayText array;
  for (const auto* const job : jobs) {
    if (!job->row_is_written) add(array, *job);
  }
  return literal(std::move(array).take());
}

}  // namespace

std::size_t jobs_of_one_statement(PendingJobs jobs) {
  constexpr std::size_t kMostJobs = 10'000;
  constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < std::min(jobs.size(), kMostJobs) && bytes < kMostBytes; ++count) {
    bytes += jobs[count]->outgoing.payload.size();
  }
  return count;
}

std::vector<std::string> job_row(const PendingJob& job, std::chrono::steady_clock::time_point now,
                                 std::string envelope) {
  return {literal(job.id.str()), literal(job.outgoing.queue), eta_of(job), countdown_of(job, now),
          std::move(envelope)};
}

std::vector<std::string> job_rows(PendingJobs jobs, std::chrono::steady_clock::time_point now) {
  const auto any = [&](auto is_so) { return std::ranges::any_of(jobs, is_so, &PendingJob::outgoing); };
  const auto& queue = jobs.front()->outgoing.queue;
  ArrayText envelopes;
  for (const auto* const job : jobs) {
    if (!job->row_is_written) envelopes.add_text(job->outgoing.payload);
  }
  return {literal(queue),
          array_of(jobs, true, [](ArrayText& ids, const PendingJob& job) { ids.add(job.id.str()); }),
          array_of(jobs, any([&](const Outgoing& job) { return job.queue != queue; }),
                   [](ArrayText& queues, const PendingJob& job) { queues.add_text(job.outgoing.queue); }),
          array_of(jobs, any([](const Outgoing& job) { return job.eta.has_value(); }),
                   [](ArrayText& etas, const PendingJob& job) { etas.add(eta_of(job)); }),
          array_of(jobs, any([](const Outgoing& job) { return job.countdown.has_value(); }),
                   [now](ArrayText& countdowns, const PendingJob& job) {
                     countdowns.add(countdown_of(job, now));
                   }),
          std::move(envelopes).take()};
}

std::string in_words(PendingJobs jobs) {
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
