/// Many jobs of one task in one transaction.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/batch.hpp"
#include "broker/contract/intake.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/batch_claim.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/run/execution.hpp"

namespace aftercommit::worker {

/// What a body for many jobs may tell besides their effect: nothing that is of one job.
class BatchNotes final : public detail::JobNotes {
 public:
  void progress(std::int64_t done, std::int64_t total, std::string_view note) override;
  void line(std::string_view /*text*/) override {}  // it has been logged
  void result(std::string /*value*/, std::chrono::milliseconds /*ttl*/) override {}
};

/// One run of jobs that were taken together.  Those of them run that may; if it fails nothing has happened,
/// no attempt is used up, and each is to run alone.  On the thread of an executor.
class Batch {
 public:
  /// `jobs` are of one queue.  None is owned; all outlive this.
  Batch(AttemptContext& context, RunningJob& running, std::span<const Fetched> jobs)
      : context_{context}, running_{running}, jobs_{jobs} {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  struct Outcome {
    std::vector<Settlement> settled{};  ///< nearly always: they have taken effect
    std::vector<Fetched> alone{};       ///< are to run one by one
    std::vector<Fetched> rest{};        ///< were of another kind, and may run together themselves
  };
  /// Once.  Never throws for what a job or its task does.
  Outcome run();

 private:
  struct Member {
    const Fetched& fetched;
    Envelope job;
  };
  enum class Place : std::uint8_t { kHere, kAlone, kElsewhere };

  void gather(Outcome& outcome);
  Place join(const Fetched& fetched, Envelope&& job);
  Place place_of(const Candidate& candidate) const;
  std::optional<Failure> run_together();
  void run_body(Job& job);
  void end(const Failure* failure, Outcome& outcome);
  nlohmann::json all_args() const;
  Settlement done(const Member& member) const;
  Settlement broken_out(const Member& member, const Failure& failure) const;

  AttemptContext& context_;
  RunningJob& running_;
  const std::span<const Fetched> jobs_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::deque<Member> members_{};
  std::set<JobId> ids_{};             // of members_
  std::optional<Candidate> first_{};  // of members_.front(); nothing: there is none
  std::unique_ptr<detail::BatchCalls> calls_{};
  std::optional<detail::BatchClaim> claim_{};
  BatchNotes notes_{};
  std::optional<JobInfo> info_{};
  std::optional<Job> job_{};  // for the hooks as well
};

}  // namespace aftercommit::worker
