#include "operate/job_line.hpp"

#include <utility>
#include <variant>

#include "base/log/log_format.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {
namespace {

void read_job(JobLine& line, std::string_view text) {
  auto decoded = decode(text, kSizeLimit);
  if (auto* const job = std::get_if<Envelope>(&decoded)) {
    line.id = job->id.str();
    line.job = std::move(*job);
  } else {
    line.flaw = std::get<Malformed>(decoded).reason;
  }
}

JobStanding standing(const JobLine& line, JobPart part, bool paused) {
  switch (part) {
    case JobPart::kRunning:
      return JobStanding::kRunning;
    case JobPart::kAside:
      return JobStanding::kAside;
    case JobPart::kReady:
    case JobPart::kDelayed:
      break;
  }
  if (line.job && line.job->attempt > 1) return JobStanding::kRetrying;
  if (part == JobPart::kDelayed) return JobStanding::kDelayed;
  return paused ? JobStanding::kPaused : JobStanding::kReady;
}

Json time_or_null(const std::optional<JobLine::Time>& time) {
  return time ? Json(utc(*time)) : Json(nullptr);
}

}  // namespace

JobLine job_line(const std::string& alias, SeenRow row) {
  JobLine line{.database = alias,
               .queue = std::move(row.queue),
               .state = row.state,
               .due_at = row.due_at,
               .worker = std::move(row.worker),
               .running_since = row.running_since,
               .xact = std::move(row.xact)};
  read_job(line, row.envelope);
  line.id = row.id.str();
  return line;
}

JobLine job_line(const Queue& queue, const JobEntry& entry, bool paused) {
  JobLine line{.queue = queue, .worker = entry.worker, .reason = entry.reason, .in_redis = true};
  read_job(line, entry.payload);
  line.state = standing(line, entry.part, paused);
  if (entry.part == JobPart::kDelayed || entry.part == JobPart::kAside) line.due_at = entry.at;
  if (entry.part == JobPart::kRunning) line.running_since = std::chrono::system_clock::now() - entry.held;
  return line;
}

Json in_json(const JobLine& line, bool args) {
  const auto* const job = line.job ? &*line.job : nullptr;
  Json document{
      {"id", or_null(line.id)},
      {"durable", !line.database.empty() || (job != nullptr && job->durable)},
      {"database", or_null(line.database)},
      {"queue", line.queue},
      {"task", job != nullptr ? Json(job->task) : Json(nullptr)},
      {"state", word(line.state)},
      {"attempt", job != nullptr ? Json(job->attempt) : Json(nullptr)},
      {"enqueued_at", job != nullptr ? Json(utc(job->enqueued_at)) : Json(nullptr)},
      {"due_at", time_or_null(line.due_at)},
      {"worker", or_null(line.worker)},
      {"running_since", time_or_null(line.running_since)},
      {"aside_for", or_null(line.reason)},
      {"last_error", job != nullptr && !job->errors.empty() ? Json(job->errors.back().error) : Json(nullptr)},
      {"crashes", job != nullptr ? Json(job->crashes) : Json(nullptr)},
      {"in_redis", line.in_redis ? Json(*line.in_redis) : Json(nullptr)},
      {"transaction", or_null(line.xact)},
      {"flaw", or_null(line.flaw)}};
  if (args) document["args"] = job != nullptr ? Json(job->args) : Json(nullptr);
  return document;
}

}  // namespace aftercommit::operate
