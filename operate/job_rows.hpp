/// Rows of a job table, a slice at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operate/job_filter.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// A row as it stands now.
struct SeenRow {
  JobId id;
  Queue queue;
  int attempt = 1;
  std::optional<std::chrono::system_clock::time_point> due_at{};
  std::string xact{};  ///< of the transaction that it came from
  std::chrono::system_clock::time_point enqueued_at{};
  std::string envelope{};
  std::string worker{};  ///< whose transaction has it; empty: none has
  std::optional<std::chrono::system_clock::time_point> running_since{};
  JobStanding state = JobStanding::kReady;  ///< never aside: that Redis knows alone
};

/// In the order of the table: by id, in one queue by the transaction that they came from, then by id.
struct RowPlace {
  std::string xact{};  ///< empty where all queues are looked at
  std::string id;
};

struct RowsWanted {
  const JobFilter& filter;        // not owned, as the next
  const std::set<Queue>& paused;  ///< queues
  bool oldest_first = false;
  std::size_t look_at = 1000;               ///< rows of one statement
  std::size_t most = 100;                   ///< rows that it gives
  std::chrono::milliseconds longest{2000};  ///< see look_briefly
};

struct RowSlice {
  std::vector<SeenRow> rows{};
  std::size_t looked_at = 0;
  std::optional<RowPlace> next{};  ///< where it has stopped; nothing: that was all
};

/// By one statement.  What it gives may hold a text elsewhere than where the filter looks for it.
RowSlice find_rows(const Store& store, const RowsWanted& wanted, const std::optional<RowPlace>& after);

}  // namespace aftercommit::operate
