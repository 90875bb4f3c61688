/// Deals out what is wanted among those who fetch, each from a shard of its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace aftercommit::worker {

/// Shards that have a backlog, by their last fetch, share what is wanted: in turn, and at the same time where
/// it is enough for several.  One that had none is asked all the same, for a part, beside the others: nobody
/// knows when it gets jobs.  So up to twice what is wanted is asked for, and more where answers take long.
/// With one fetcher all is its.  Not thread-safe.
class FetchTurns {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FetchTurns(std::size_t fetchers) : all_(fetchers) {}

  void begin_wait(std::size_t fetcher) {
    all_[fetcher].asked = 0;
    all_[fetcher].waits = true;
  }
  void goes_on(std::size_t fetcher, std::size_t asked) {
    auto& one = all_[fetcher];
    one.waits = false;
    one.asked = one.asked_last = asked;
    one.asked_at = Clock::now();
    if (asked > 0) one.turn = ++turns_;
  }
  /// What it has found; nothing where it was not served.
  void found(std::size_t fetcher, std::size_t jobs) {
    auto& one = all_[fetcher];
    if (one.asked_last != 1 || jobs == 0) one.empty = jobs < one.asked_last;  // one of one tells nothing
    one.asked = 0;
    one.found_at = Clock::now();
  }
  void failed(std::size_t fetcher) {
    auto& one = all_[fetcher];
    one.asked = 0;
    one.empty = true;
    one.found_at = Clock::now();
  }

  /// How many of `wanted` it may ask for now; `idle`: of those who would run them, how many have nothing.
  std::size_t share_of(std::size_t fetcher, std::size_t wanted, std::size_t idle,
                       Clock::time_point now) const {
    if (all_.size() == 1 || wanted == 0) return wanted;
    const auto& one = all_[fetcher];
    if (one.empty) return idle > 0 || now >= one.found_at + kLookAgain ? part(wanted, all_.size()) : 0;
    std::size_t left = wanted;
    std::size_t sharing = 0;
    for (const auto& other : all_) {
      if (other.empty) continue;
      if (now < other.asked_at + kComesBy) left -= std::min(left, other.asked);
      if (other.waits) ++sharing;
      if (other.waits && other.turn < one.turn) return 0;  // it comes first
    }
    return left == 0 ? 0
                     : std::min(left, std::max(part(left, std::max<std::size_t>(sharing, 1)), kWorthAFetch));
  }
  /// When it may be told another share though nothing has happened by then; max: never.
  Clock::time_point looks_again_at(std::size_t fetcher, Clock::time_point now) const {
    auto next = Clock::time_point::max();
    if (all_.size() == 1) return next;
    if (all_[fetcher].empty) return all_[fetcher].found_at + kLookAgain;
    for (const auto& other : all_) {
      const auto at = other.asked_at + kComesBy;
      if (other.asked > 0 && !other.empty && at > now)
        next = std::min(next, at);  // one that is late tells no more
    }
    return next;
  }

  std::size_t count() const { return all_.size(); }
  bool any_waits() const { return std::ranges::any_of(all_, &One::waits); }
  bool waits(std::size_t fetcher) const { return all_[fetcher].waits; }
  bool all_empty() const { return std::ranges::all_of(all_, &One::empty); }

 private:
  static constexpr std::size_t kWorthAFetch = 16;
  static constexpr std::chrono::milliseconds kLookAgain{20};  // while nobody here is idle
  /// What a shard with a backlog was asked for comes by then, or somebody else is to bring it: it may hang.
  static constexpr std::chrono::milliseconds kComesBy{50};

  struct One {
    std::size_t asked = 0;  // in the fetch under way
    std::size_t asked_last = 0;
    bool waits = false;    // in JobBuffer::wait_for_demand
    bool empty = false;    // by its last fetch
    std::size_t turn = 0;  // of its last fetch
    Clock::time_point found_at{};
    Clock::time_point asked_at{};
  };

  static std::size_t part(std::size_t whole, std::size_t parts) { return (whole + parts - 1) / parts; }

  std::vector<One> all_;
  std::size_t turns_ = 0;
};

}  // namespace aftercommit::worker
