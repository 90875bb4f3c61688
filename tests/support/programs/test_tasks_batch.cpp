/// A task whose jobs run together.
#include <chrono>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>

#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

using Calls = std::span<const BatchCall<long, std::string, long>>;

void behave(Job& batch, const std::string& how, long key) {
  if (how == "throws") throw DeliberateFailure{"a bad one"};
  if (how == "tells progress") batch.progress(1, 2);
  if (how == "aborts") std::abort();
  if (how == "takes its time") std::this_thread::sleep_for(std::chrono::milliseconds{120});
  if (how == "waits") batch.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
}

void together(Job& batch, Calls calls) {
  auto& tx = batch.transaction();
  const auto tenant =
      tx.exec("SELECT coalesce(current_setting('shop.tenant', true), '')")[0][0].as<std::string>();
  const auto text = "of " + std::to_string(calls.size()) + (tenant.empty() ? "" : " for " + tenant);
  for (const auto& call : calls) {
    journal().exec("INSERT INTO journal(job_id, task, attempt, note) VALUES ($1, $2, $3, $4)", call.id,
                   call.task, call.attempt, text);
    tx.exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", call.id, std::get<0>(call.args),
            call.attempt);
  }
  for (const auto& call : calls) behave(batch, std::get<1>(call.args), std::get<2>(call.args));
}

}  // namespace

void define_batch_tasks() { tasks.together.run_batch(together, {.most = 10}); }

}  // namespace aftercommit::support
