#include "client/transaction/durable_copy.hpp"

#include <chrono>
#include <cstddef>
#include <string_view>

#include "aftercommit/sql_params.hpp"
#include "base/epoch_ms.hpp"
#include "client/postgres/connection.hpp"
#include "client/statements/statements.hpp"

namespace aftercommit::detail {
namespace {

void append_copied(std::string& text, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        text += "\\\\";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      default:
        text += c;
    }
  }
}

}  // namespace

CopiedAndOthers divide(PendingJobs jobs) {
  constexpr std::size_t kMany = 500;  // where it was measured to be faster by half
  CopiedAndOthers divided;
  for (const auto* const job : jobs) {
    if (job->row_is_written) continue;
    (job->outgoing.countdown ? divided.others : divided.copied).push_back(job);
  }
  if (divided.copied.size() >= kMany) return divided;
  return {.copied = {}, .others = {jobs.begin(), jobs.end()}};
}

void append_copy_line(std::string& text, const PendingJob& job) {
  append_copied(((text += job.id.str()) += '\t'), job.outgoing.queue);
  text += '\t';
  text += job.outgoing.eta
              ? *to_sql(std::chrono::system_clock::time_point{Millis{epoch_ms(*job.outgoing.eta)}})
              : "\\N";
  text += '\t';
  append_copied(text, job.outgoing.payload);
  text += '\n';
}

void copy_jobs(Connection& connection, const Statements& statements, PendingJobs jobs) {
  constexpr std::size_t kPart = std::size_t{64} * 1024;
  connection.copy(statements.copy_jobs, [next = jobs.begin(), end = jobs.end()](std::string& part) mutable {
    while (next != end && part.size() < kPart) append_copy_line(part, **next++);
    return !part.empty();
  });
}

bool may_copy_jobs(Connection& connection, const Statements& statements) {
  return connection.exec(statements.may_copy_jobs)[0][0].as<bool>();
}

}  // namespace aftercommit::detail
