#include "client/job_table/unique_marks.hpp"

#include <pqxx/pqxx>

#include "client/job_table/schema_steps.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

void want_job(Database& database, const JobId& job) {
  database.exec(database.core()->statements.want_job, job);
}

void purge_marks(Database& database, MarksSeen& marks) {
  constexpr int kFirstVersion = 4;
  constexpr std::size_t kPage = 1000;  // of purge_marks.sql
  marks.seen = marks.gone = 0;
  if (!marks.there) marks.there = schema_is_at_least(database, kFirstVersion);
  if (!marks.there) return;
  const auto row = database.exec(database.core()->statements.purge_marks, marks.last)[0];
  marks.seen = row[0].as<std::size_t>();
  marks.gone = row[1].as<std::size_t>();
  marks.last = marks.seen < kPage ? std::string{} : row[2].as<std::string>();
}

}  // namespace aftercommit::detail
