#include "worker/table/standby.hpp"

#include <utility>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kInterval{200};

}  // namespace

Standby::Standby(std::shared_ptr<TakenJobs> jobs, std::function<bool()> fetching_fails, HeldLease& lease,
                 std::function<void(bool)> is_away, std::string shard)
    : jobs_{std::move(jobs)},
      fetching_fails_{std::move(fetching_fails)},
      lease_{lease},
      is_away_{std::move(is_away)},
      shard_{std::move(shard)},
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
  if (is_away_) {
    is_away_(true);
    jobs_->rest();  // what was passed over as another's is looked at anew
  }
  lease_.set_needless(true);
  if (shard_.empty()) {
    log(LogLevel::kWarning,
        "Redis does not answer: durable jobs are taken straight from their tables until it does");
  } else {
    log(LogLevel::kWarning,
        "a shard does not answer: its durable jobs are taken straight from their tables until it does",
        {{"shard", shard_}});
  }
}

void Standby::go_back() {
  away_since_.reset();
  lease_.set_needless(false);
  if (is_away_) is_away_(false);
  jobs_->rest();
  const auto taken = jobs_->handed_out() - handed_out_before_;
  if (shard_.empty()) {
    log(LogLevel::kInfo, "Redis answers again: jobs are fetched from it", {{"taken_from_tables", taken}});
  } else {
    log(LogLevel::kInfo, "a shard answers again: its jobs are fetched from it",
        {{"shard", shard_}, {"taken_from_tables", taken}});
  }
}

}  // namespace aftercommit::worker
