#include "worker/intake/fetcher.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/process/fail_point.hpp"
#include "worker/held/give_back.hpp"

namespace aftercommit::worker {
namespace {

constexpr Millis kWhilePaused{500};  // where all queues are: as long as a fetch waits

}  // namespace

Fetcher::Fetcher(std::shared_ptr<Intake> broker, WorkerId worker, QueueOrder order, HeldLease& lease,
                 Home& home, InHand& in_hand, Gate& gate, JobBuffer& buffer, Settler& settler,
                 std::unique_ptr<Intake> stand_in, OfShard of)
    : broker_{std::move(broker)},
      stand_in_{std::move(stand_in)},
      worker_{std::move(worker)},
      order_{std::move(order)},
      lease_{lease},
      home_{home},
      in_hand_{in_hand},
      gate_{gate},
      buffer_{buffer},
      settler_{settler},
      number_{of.number},
      thread_{{"fetching jobs", of.called},
              [this](const std::stop_token& stop) { fetch(stop); },
              [this](const std::stop_token& stop) { finish(stop); }} {}

void Fetcher::finish(const std::stop_token& stop) {
  constexpr int kTries = 5;  // where there is no memory to give them back, they come back after the lease
  for (int tries = 0; tries < kTries && !fetched_.empty(); ++tries) {
    thread_.attempt(stop, [&] { give_back_all(fetched_); });
  }
}

void Fetcher::fetch(const std::stop_token& stop) {
  constexpr Millis kKnowBy{2000};  // a database that says which queues are paused may be away
  thread_.progress().enter(Phase::kWaiting);
  lease_.wait_until_held(stop);
  constexpr Millis kLookAgain{100};  // the jobs of tables may be wanted by then
  if (!lease_.needless() && !home_.wait_until_known(number_, kLookAgain, stop)) return;
  home_.wait_until_right(stop);
  gate_.paused().wait_until_known(kKnowBy, stop);
  const auto wanted = buffer_.wait_for_demand(stop, number_);
  if (stop.stop_requested()) return;
  thread_.progress().enter(Phase::kAtWork);
  if (stranded_.empty()) stranded_ = buffer_.take_stranded();
  give_back_all(stranded_);
  if (wanted == 0) return;
  try {
    fetch(wanted, stop);
  } catch (...) {
    buffer_.give_up(number_);  // others may have what this one was to fetch
    throw;
  }
}

void Fetcher::fetch(std::size_t wanted, const std::stop_token& stop) {
  constexpr Millis kWait{500};  // a blocked read notices a stop only when it ends
  if (fetched_.empty()) {
    fetched_ = in_hand_.take_back();
    const bool stands_in = stand_in_ != nullptr && lease_.needless();
    if (fetched_.empty()) {
      fetched_ = fetch(stands_in ? *stand_in_ : *broker_, how_many(wanted), buffer_.fetch_wait(kWait), stop);
    }
    if (!stands_in) thread_.succeeded();  // else the broker is still away
    are_new_ = true;
  }
  if (are_new_) in_hand_.take(fetched_);
  are_new_ = false;
  if (!fetched_.empty()) fail_point("worker.after_fetch");
  if (stop.stop_requested()) return;
  const auto found = fetched_.size();
  gate_.hold_back(fetched_, settler_, *looking_);
  look_further(found, fetched_.size());
  buffer_.put(std::move(fetched_), found, number_);
  fetched_.clear();
}

/// Of the queues that are not paused.
std::vector<Fetched> Fetcher::fetch(Intake& broker, std::size_t count, Millis wait,
                                    const std::stop_token& stop) {
  auto queues = order_.next();
  const auto& paused = gate_.paused();
  if (paused.any()) {
    open_.clear();
    std::ranges::copy_if(queues, std::back_inserter(open_),
                         [&](const Queue& queue) { return !paused.contains(queue); });
    queues = open_;
  }
  if (!queues.empty()) return broker.fetch(worker_, queues, count, wait);
  thread_.progress().enter(Phase::kWaiting);
  gate_.paused().wait_for_change(kWhilePaused, stop);
  return {};
}

/// Each is ours until it has been given back.
void Fetcher::give_back_all(std::vector<Fetched>& jobs) {
  for (; !jobs.empty(); jobs.pop_back()) settler_.settle(give_back(jobs.back()));
}

/// Behind many jobs that cannot run there may be one that can: a batch of the usual size would get there
/// late.
std::size_t Fetcher::how_many(std::size_t wanted) const {
  constexpr std::size_t kMost = 1000;
  return std::max(wanted, std::min(wanted * reach_, kMost));
}

void Fetcher::look_further(std::size_t fetched, std::size_t left) {
  constexpr std::size_t kFurther = 4;
  constexpr std::size_t kFurthest = 1024;
  reach_ = fetched > 0 && left == 0 ? std::min(reach_ * kFurther, kFurthest) : 1;
}

}  // namespace aftercommit::worker
