/// A message of Celery's, read as a job.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "broker/contract/names.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::worker {

struct CeleryJob {
  Envelope job;  ///< durable, under Celery's id; its database is not chosen yet
  std::optional<std::chrono::system_clock::time_point> eta{};
};

/// What cannot be a job here, with what is known of it all the same.
struct CeleryRefusal {
  std::string reason;         ///< a sentence for who sent it: what it asks for, and what to do instead
  std::optional<JobId> id{};  ///< nothing: it has none that is a UUID
  std::string task{};         ///< clean; empty: it names none
};

/// Reads protocol 2 of Celery in kombu's JSON.  What a message says of its result, its group and its sender
/// means nothing here and is passed over; what would have to be done after the task (links, chains, chords)
/// or by name (kwargs) is refused, as is what breaks a rule of docs/wire-format.md.  `limit`: of the
/// envelope, in bytes.  Never throws for bad input.
std::variant<CeleryJob, CeleryRefusal> read_celery_message(std::string_view message, const Queue& queue,
                                                           std::size_t limit,
                                                           std::chrono::system_clock::time_point now);

}  // namespace aftercommit::worker
