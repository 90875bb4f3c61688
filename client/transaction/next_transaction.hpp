/// The transaction that begins in the message of the COMMIT before, so that it costs no round trip.
#pragma once

#include <chrono>
#include <pqxx/result>
#include <utility>

#include "client/statements/riders.hpp"

namespace aftercommit::detail {

/// Whose it is, until its block is entered; and when it had better begin by itself.  For one thread.
class NextTransaction {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A BEGIN goes out that is behind no COMMIT.
  void begin_chain(Time now) noexcept { chain_began_at_ = now; }
  /// Whether one more may begin behind a COMMIT.  Now and then one begins by itself: PostgreSQL tells what a
  /// session has read and written, which is what autovacuum goes by, only when that is between transactions.
  bool may_begin(Time now) const noexcept {
    constexpr std::chrono::seconds kLongestChain{1};  // since PostgreSQL 15 it tells no more often
    return now - chain_began_at_ < kLongestChain;
  }

  /// It has, and what rode with its BEGIN gave `answer`.  `riders` is not owned, and outlives it.
  void begun(Riders& riders, pqxx::result answer) {
    riders.answer = std::move(answer);
    begun_ = &riders;
  }
  bool has_begun() const noexcept { return begun_ != nullptr; }
  /// The block with these is entered.  False if it is not for that one that a transaction has begun.
  bool take(const Riders* riders) noexcept {
    if (begun_ == nullptr || begun_ != riders) return false;
    begun_ = nullptr;
    return true;
  }
  void forget() noexcept { begun_ = nullptr; }

 private:
  Riders* begun_ = nullptr;
  Time chain_began_at_{};
};

}  // namespace aftercommit::detail
