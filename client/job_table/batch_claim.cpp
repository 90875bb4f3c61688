#include "client/job_table/batch_claim.hpp"

#include <algorithm>

#include "client/job_table/columns.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {

BatchClaim::BatchClaim(const Envelope& first, Database& database, const std::vector<JobId>& jobs)
    : Claim{first, &database}, ids_{literal(in_braces(jobs))} {}

Rider BatchClaim::with_begin() const {
  const auto& statements = database()->core()->statements;
  if (!job().durable) return {&statements.guard_ledger_many, {ids_}};
  return {&statements.guard_jobs, {ids_, std::to_string(job().attempt)}};
}

std::vector<JobId> BatchClaim::claimed() {
  std::vector<JobId> jobs;
  for (const auto& row : riders().answer) jobs.push_back(id_of(row[1]));
  std::ranges::sort(jobs);
  return jobs;
}

}  // namespace aftercommit::detail
