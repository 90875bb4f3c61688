/// Limits that hold for all workers together: how many jobs run at once, and how many begin in a time.
#pragma once

#include <chrono>
#include <string>
#include <variant>

namespace aftercommit {

// Of a task, `{.limits = {aftercommit::Concurrency{.most = 1, .per_key = true}}}`, or of a queue, by
// App::limit_queue.  A job that a limit keeps from running waits in the broker, in nobody's way.
//
// `name`: 1 to 100 characters out of a-z A-Z 0-9 _ . - / and space, by which an operator finds and changes
// it. An empty one is made of what the limit is of: "send_mail.concurrency", "send_mail.rate", and of a queue
// "queue/mail.concurrency".  Tasks and queues that give the same name have one limit together, and have to
// declare the same.
//
// `most`: 0 to 10,000; 0: no job begins.  It can be set to another while all runs: App::set_limit.
//
// `per_key`: it holds for the jobs of each key by themselves, else for all of them.  A job has one key for
// all its limits: see TaskOptions::limit_key.  Those that wait get their turns key by key either way.

/// At most so many jobs run at once, exactly, by locks that PostgreSQL ends together with the transaction of
/// the job.  So the limit holds in each database by itself, and only for tasks with a transaction: UsageError
/// otherwise.  As Solid Queue's limits_concurrency and Oban Pro's global limit.
struct Concurrency {
  std::string name = {};
  int most = 1;
  bool per_key = false;
};

/// At most `most` + `burst` attempts begin in any period `per`, by the database's clock, and `most` on the
/// average.  Retries count.  Needs a database: UsageError for a task without a transaction where the job is
/// not durable either.  As the leaky bucket of Sidekiq Enterprise; Celery's rate_limit is that of one worker.
struct Rate {
  std::string name = {};
  int most = 1;
  std::chrono::milliseconds per{1000};  ///< 1 ms to 365 days
  int burst = 1;                        ///< 1 to 10,000: so many more may begin after a time with none
  bool per_key = false;
};

using Limit = std::variant<Concurrency, Rate>;

}  // namespace aftercommit
