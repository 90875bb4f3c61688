#include "worker/relay/judge_row.hpp"

#include <algorithm>

#include "aftercommit/log.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/job_identity.hpp"

namespace aftercommit::worker {
namespace {

/// What is carried may be over the limit of its own worker: another one may have a greater limit.
constexpr std::size_t kMostOfAnyWorker = 16UL * 1024 * 1024;

}  // namespace

std::variant<Priority, RowFlaw> judge_row(const detail::JobRow& row, std::size_t payload_limit) {
  const auto decoded = decode(row.envelope, std::max(payload_limit, kMostOfAnyWorker));
  if (const auto* malformed = std::get_if<Malformed>(&decoded)) {
    // Of a later version: whoever reads it will say what it is.
    if (malformed->elsewhere && row.envelope.size() <= kMostOfAnyWorker) {
      const auto known = identify(row.envelope);
      if (known.id == row.id && known.queue == row.queue && known.may_be_durable) return known.priority;
    }
    return RowFlaw{malformed->reason};
  }
  const auto& job = std::get<Envelope>(decoded);
  if (!job.durable || job.id != row.id || job.queue != row.queue || job.attempt != row.attempt) {
    return RowFlaw{"its envelope is not that of a durable job with the id, queue and attempt of its row"};
  }
  return job.priority;
}

void bury_row(Database& database, const detail::JobRow& row, const std::string& reason,
              const std::string& by) {
  log(LogLevel::kError, "a row of the job table is no job, and was buried as a dead letter",
      {{"database", database.alias()}, {"job_id", row.id.str()}, {"queue", row.queue}, {"reason", reason}});
  const DeadLetter letter{.cause = DeadLetter::Cause::kMalformed,
                          .reason = reason,
                          .worker = by,
                          .at = std::chrono::system_clock::now(),
                          .entry = {},
                          .raw = row.envelope};
  detail::JobTable{database}.bury(row.id, row.attempt, encode(letter));
}

}  // namespace aftercommit::worker
