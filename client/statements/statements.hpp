/// The SQL of the job table and the ledger, made ready for one schema; what each statement does stands in
/// ../sql/.
#pragma once

#include <string>
#include <string_view>

#include "client/statements/sql_template.hpp"

namespace aftercommit::detail {

/// Constant after construction.
struct Statements {
  explicit Statements(std::string_view schema);

  // In one message with BEGIN or COMMIT.
  const SqlTemplate insert_job;            ///< id, queue, eta in ms, countdown in ms, envelope
  const SqlTemplate insert_jobs;           ///< queue, ids, queues, etas, countdowns, envelopes
  const SqlTemplate guard_job;             ///< id, attempt
  const SqlTemplate guard_unique;          ///< the same; from version 4 on
  const SqlTemplate guard_ledger;          ///< id
  const SqlTemplate guard_jobs;            ///< ids, attempt
  const SqlTemplate guard_ledger_many;     ///< ids
  const SqlTemplate guard_limited;         ///< id, attempt, places; from version 8 on
  const SqlTemplate guard_ledger_limited;  ///< id, places; the same
  const SqlTemplate proof;                 ///< transaction id
  const SqlTemplate keep_result;           ///< id, task, value, log, ttl in ms; from version 5 on

  // Of flows, from version 9 on.
  const SqlTemplate guard_step;   ///< id, attempt, place
  const SqlTemplate record_step;  ///< id, place, name, kind, value, tries, when it began
  const SqlTemplate begin_flow;   ///< id, task
  const SqlTemplate end_flow;     ///< the same, envelope
  const SqlTemplate keep_pages;   ///< id, place, name, value, tries, when it began, whether it is done
  const SqlTemplate tell_flow;    ///< id, value

  // Of the history, from version 10 on.
  const SqlTemplate keep_history;    ///< task, queue, attempt, flow, step, worker, ids, who asked for each
  const SqlTemplate note_savepoint;  ///< in one message with RELEASE
  const SqlTemplate as_worker, as_task;  ///< before and behind keep_history

  // With parameters.
  const std::string copy_jobs;  ///< from standard input: id, queue, due_at, envelope
  const std::string may_copy_jobs;
  const std::string find_job, record_attempt, bury_job, bury_lost, finish_job;
  const std::string count_jobs, list_jobs, list_dead, list_dead_ids, find_dead, revive_job;
  const std::string unmark_revival, forget_dead;
  const std::string settle_doubt, job_holder, end_backends, find_in_ledger, purge_ledger;
  const std::string read_home, look_for_job, find_apps, enter_app, forget_apps, renew_token;
  const std::string find_locked;
  const std::string cancel_job, settle_cancels, enter_cancelled, find_cancelled,
      knows_job;                                                                     // from version 3 on
  const std::string list_cancelled, list_cancelled_ids, purge_cancelled;             // the same
  const std::string find_results, purge_results;                                     // from version 5 on
  const std::string write_progress, find_progress, forget_progress, purge_progress;  // the same
  const std::string find_paused, pause_queue, resume_queue;                          // from version 7 on
  const std::string bound_look, look_at_tables;
  const std::string claim_jobs, purge_marks, want_job;  // from version 4 on
  const std::string receive_jobs, receive_letters;      // under ids that others have given
  const std::string enqueue_in;                         // in the transactions of others, as the next
  const std::string claim_jobs_in;                      // from version 4 on
  const std::string change_limit, declare_limits, find_limits, find_room, purge_rates,
      take_rates;  // from version 8 on
  const std::string relay_load;
  const std::string add_children, intend_children, look_for_children, load_children, wake_flow, woken_flows,
      read_pages, find_flow, enter_again, copy_steps, insert_again;  // from version 9 on
  const std::string intend_step, finish_step, begin_sleep, await_event, look_for_event, close_event,
      move_flow, load_steps, signal_flow, purge_flows, end_lost_flows, purge_events;  // from version 9 on
  const std::string purge_history, purge_savepoints;                                  // from version 10 on
  const std::string begin_taking, count_taking, tell_of_jobs;

  // In a message of its own.
  const SqlTemplate relay_fresh;  ///< xip, queue, xact, id, limit, xmax
  const SqlTemplate take_rows;    ///< ids to unmark, ids, whether all are ours
};

}  // namespace aftercommit::detail
