/// The bodies of the tasks, as the library that `worker --app lib/libsignup_tasks.so` loads.
#include "tasks.hpp"

#include <stdexcept>
#include <string>

#include "aftercommit/worker.hpp"
#include "order_flow.hpp"

namespace signup {
namespace {

using aftercommit::Job;

/// The address of the user, as the task's transaction sees him.  Notes the attempt in the journal,
/// whatever becomes of it.
std::string find_email(Job& job, long user_id) {
  const auto user = job.transaction().exec("SELECT email FROM users WHERE id = $1", user_id);
  journal().exec(
      "INSERT INTO task_run(job_id, task, user_id, attempt, found_user) VALUES ($1, $2, $3, $4, $5)",
      job.id(), job.task(), user_id, job.attempt(), !user.empty());
  if (user.empty()) throw std::runtime_error{"there is no user " + std::to_string(user_id)};
  return user[0]["email"].as<std::string>();
}

void send_mail(Job& job, long user_id) {
  const std::string email = find_email(job, user_id);
  // A real mail would go to `email` here.  A job may be delivered twice, so the mail server would get
  // job.id() as well, to know a mail that it has taken already.
  job.transaction().exec("INSERT INTO mail_sent(job_id, user_id, attempt) VALUES ($1, $2, $3)", job.id(),
                         user_id, job.attempt());
}

}  // namespace

aftercommit::Database& journal() {
  static aftercommit::Database database{{.url = app.database().options().url}, "journal"};
  return database;
}

}  // namespace signup

AFTERCOMMIT_TASK_LIBRARY(signup::app) {
  using namespace signup;

  send_welcome_mail.run(send_mail);
  send_welcome_mail_naive.run(send_mail);

  update_crm.run([](Job& job, long user_id) {
    find_email(job, user_id);
    job.transaction().exec("INSERT INTO crm_update(job_id, user_id, attempt) VALUES ($1, $2, $3)", job.id(),
                           user_id, job.attempt());
    // Rolls the INSERT back; the task runs again after its backoff.
    if (job.attempt() < 3) throw std::runtime_error{"the CRM does not answer"};
  });

  fulfil.run(fulfil_order);

  remind.run([](Job& job, long user_id) {
    find_email(job, user_id);
    // now() is the time at which the transaction of this attempt began.
    job.transaction().exec(
        "INSERT INTO reminder_sent(job_id, user_id, late) SELECT $1, id, now() - remind_at FROM users WHERE "
        "id = $2",
        job.id(), user_id);
  });
}
