/// A worker as a program of the application's own, by worker_main; it has two databases.
#include "aftercommit/worker.hpp"
#include "support/programs/test_tasks.hpp"

int main(int argc, char** argv) {
  using namespace aftercommit;
  App app{"linked", {.databases = {{"default", {}}, {"reports", {}}}}};
  const auto insert = [](Job& job, long value) {
    job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", job.id(), value,
                           job.attempt());
  };
  app.task<long>("insert").run(insert);
  support::declare_report(app).run(insert);
  return worker_main(app, argc, argv);
}
