#include "worker/table/table_intake.hpp"

#include <exception>
#include <utility>
#include <vector>

namespace aftercommit::worker {

TableIntake::TableIntake(std::shared_ptr<TakenJobs> jobs, Database& database, std::size_t payload_limit,
                         std::chrono::milliseconds interval, std::function<bool(const JobId&)> takes)
    : jobs_{std::move(jobs)},
      database_{database.alias()},
      taker_{database, payload_limit, interval, std::move(takes)},
      thread_{{"taking jobs from their table", "a database"},
              [this](const std::stop_token& stop) { step(stop); },
              // While what runs here comes to its end, others may have what does not.
              [this](const std::stop_token& /*stop*/) { taker_.forget(); }} {}

void TableIntake::step(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kWaiting);
  auto turn = jobs_->wait(
      database_, [this](const TakenJobs::Wanted& wanted) { return taker_.look_at(wanted); }, stop);
  thread_.progress().enter(Phase::kAtWork);
  taker_.note(turn.left);
  if (turn.rest) taker_.forget();
  if (turn.wanted.count == 0 || stop.stop_requested()) {
    taker_.let_go();
    return;
  }
  if (turn.news) taker_.news();
  std::vector<TakenJobs::Job> jobs;
  std::exception_ptr trouble;
  try {
    taker_.take(turn.wanted, jobs);
  } catch (...) {
    trouble = std::current_exception();
  }
  jobs_->put(std::move(jobs));
  if (trouble) std::rethrow_exception(trouble);
  thread_.succeeded();
}

TableListener::TableListener(std::shared_ptr<TakenJobs> jobs, Database& database,
                             std::chrono::milliseconds interval, std::function<void()> on_cancel)
    : jobs_{std::move(jobs)},
      database_{database},
      interval_{interval},
      listener_{database, std::move(on_cancel)},
      thread_{{"listening for new jobs", "a database"},
              [this](const std::stop_token& stop) { listen(stop); }} {}

void TableListener::listen(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kSlice{250};  // a stop is noticed only between waits
  thread_.progress().enter(Phase::kWaiting);
  try {
    if (listener_.wait(kSlice)) jobs_->news(database_.alias());
    listening_.succeeded();
  } catch (...) {
    listening_.failed(database_.alias());
    thread_.pause(interval_, stop);  // behind a pooler nobody can listen: the interval will do
  }
}

}  // namespace aftercommit::worker
