/// Jobs that another queue hands over, perhaps more than once.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "aftercommit/database.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::detail {

/// A durable job, under the id that it has there.
struct ReceivedJob {
  Envelope job;
  std::optional<std::chrono::system_clock::time_point> due_at{};  ///< nothing: now
};

/// What is no job here, kept for people.
struct ReceivedLetter {
  std::optional<JobId> id{};  ///< that it has there; nothing: one is made of the text
  std::string queue;
  DeadLetter letter;
};

/// How many of them were new here.
struct ReceivedCounts {
  std::size_t jobs = 0;
  std::size_t letters = 0;
};

/// Enters them in one transaction, outside of any other.  An id is remembered as the ledger remembers
/// (--keep-ledger), and as long as its job waits or is dead: until then each counts once, however often it is
/// received, by whomever. Throws what Database does; PayloadError for a job that encode() refuses.
ReceivedCounts receive(Database& database, std::span<const ReceivedJob> jobs,
                       std::span<const ReceivedLetter> letters);

}  // namespace aftercommit::detail
