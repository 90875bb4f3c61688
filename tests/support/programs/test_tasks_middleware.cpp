/// What the library of the test tasks wraps around them, where it is told to, and a task that shows what
/// travels with a job.
#include <cstdlib>
#include <string>

#include "aftercommit/log.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

std::string in_one_text(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text.append(text.empty() ? "" : " ").append(name + "=" + value);
  return text;
}

/// As an application whose tables have policies for each tenant.
void set_tenant(Job& job, const Next& next) {
  const std::string tenant{job.headers().get("tenant").value_or("nobody")};
  job.transaction().exec("SELECT set_config('shop.tenant', $1, true)", tenant);
  next();
}

void carry(Job& job, long value, long more) {
  begin(job, value);
  note(job, "headers " + in_one_text(job.headers()));
  note(job, "trace " + (job.trace() ? job.trace()->traceparent() : "none"));
  const auto setting = job.transaction().exec("SELECT coalesce(current_setting('shop.tenant', true), '')");
  note(job, "tenant " + setting[0][0].as<std::string>());
  log(LogLevel::kInfo, "a line of the task", {{"value", value}});
  if (job.transaction().exec("SELECT FROM orders WHERE id = $1", value).empty())
    throw DeliberateFailure{"there is no such order"};
  if (more > 0) tasks.carry.delay(value + 1, more - 1);
}

}  // namespace

void define_middleware_tasks() {
  if (std::getenv("TEST_TASKS_TENANTS") != nullptr) app.around_run(set_tenant);
  tasks.carry.run(carry);
}

}  // namespace aftercommit::support
