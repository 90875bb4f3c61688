#include "worker/table/standby.hpp"

#include <utility>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kInterval{200};

}  // namespace

Standby::Standby(std::shared_ptr<TakenJobs> jobs, std::function<bool()> fetching_fails, HeldLease& lease)
    : jobs_{std::move(jobs)},
      fetching_fails_{std::move(fetching_fails)},
      lease_{lease},
      thread_{{"looking whether Redis answers"}, [this](const std::stop_token&) { return look(); }} {}

std::chrono::milliseconds Standby::look() {
  const auto now = Clock::now();
  if (lease_.needless()) {
    if (lease_.renewed_since(*away_since_)) go_back();
  } else if (!fetching_fails_()) {
    away_since_.reset();
  } else if (!away_since_) {
    away_since_ = now;
  } else if (now - *away_since_ >= kPatience) {
    away_since_ = now;  // a heartbeat that begins from here on and gets through shows that it is back
    go_over();
  }
  return kInterval;
}

void Standby::go_over() {
  handed_out_before_ = jobs_->handed_out();
  lease_.set_needless(true);
  log(LogLevel::kWarning,
      "Redis does not answer: durable jobs are taken straight from their tables until it does");
}

void Standby::go_back() {
  away_since_.reset();
  lease_.set_needless(false);
  jobs_->rest();
  log(LogLevel::kInfo, "Redis answers again: jobs are fetched from it",
      {{"taken_from_tables", jobs_->handed_out() - handed_out_before_}});
}

}  // namespace aftercommit::worker
