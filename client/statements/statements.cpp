#include "client/statements/statements.hpp"

#include "sql.hpp"

namespace aftercommit::detail {
namespace {

/// Without the comment on top, which need not travel, and the end of the last line.
std::string ready(std::string_view sql, std::string_view schema) {
  while (sql.starts_with("--")) sql.remove_prefix(sql.find('\n') + 1);
  return in_schema(sql.substr(0, sql.find_last_not_of('\n') + 1), schema);
}

/// With a part that has a file of its own.
std::string with(std::string text, std::string_view place, std::string_view part) {
  return text.replace(text.find(place), place.size(), part);
}

/// With what tells this database from its copies.
std::string with_instance(std::string_view sql, std::string_view schema) {
  return with(ready(sql, schema), "{instance}", ready(sql::home_instance, schema));
}

/// With the account of the server and the table that an answer is of.
std::string with_origin(std::string_view sql, std::string_view schema) {
  return with(ready(sql, schema), "{origin}", with_instance(sql::relay_origin, schema));
}

}  // namespace

Statements::Statements(std::string_view schema)
    : insert_job{ready(sql::insert_job, schema)},
      insert_jobs{ready(sql::insert_jobs, schema)},
      guard_job{ready(sql::guard_job, schema)},
      guard_unique{ready(sql::guard_unique, schema)},
      guard_ledger{ready(sql::guard_ledger, schema)},
      guard_jobs{ready(sql::guard_jobs, schema)},
      guard_ledger_many{ready(sql::guard_ledger_many, schema)},
      guard_limited{ready(sql::guard_limited, schema)},
      guard_ledger_limited{ready(sql::guard_ledger_limited, schema)},
      proof{ready(sql::proof, schema)},
      keep_result{ready(sql::keep_result, schema)},
      guard_step{ready(sql::guard_step, schema)},
      record_step{ready(sql::record_step, schema)},
      begin_flow{ready(sql::begin_flow, schema)},
      end_flow{ready(sql::end_flow, schema)},
      keep_pages{ready(sql::keep_pages, schema)},
      tell_flow{ready(sql::tell_flow, schema)},
      keep_history{ready(sql::keep_history, schema)},
      note_savepoint{ready(sql::note_savepoint, schema)},
      as_worker{ready(sql::as_worker, schema)},
      as_task{ready(sql::as_task, schema)},
      copy_jobs{ready(sql::copy_jobs, schema)},
      may_copy_jobs{ready(sql::may_copy_jobs, schema)},
      find_job{ready(sql::find_job, schema)},
      record_attempt{ready(sql::record_attempt, schema)},
      bury_job{ready(sql::bury_job, schema)},
      bury_lost{ready(sql::bury_lost, schema)},
      finish_job{ready(sql::finish_job, schema)},
      count_jobs{ready(sql::count_jobs, schema)},
      list_jobs{ready(sql::list_jobs, schema)},
      list_dead{ready(sql::list_dead, schema)},
      list_dead_ids{ready(sql::list_dead_ids, schema)},
      find_dead{ready(sql::find_dead, schema)},
      revive_job{ready(sql::revive_job, schema)},
      unmark_revival{ready(sql::unmark_revival, schema)},
      forget_dead{ready(sql::forget_dead, schema)},
      settle_doubt{with_origin(sql::settle_doubt, schema)},
      job_holder{ready(sql::job_holder, schema)},
      end_backends{ready(sql::end_backends, schema)},
      find_in_ledger{ready(sql::find_in_ledger, schema)},
      purge_ledger{ready(sql::purge_ledger, schema)},
      read_home{with_instance(sql::read_home, schema)},
      look_for_job{with_instance(sql::look_for_job, schema)},
      find_apps{ready(sql::find_apps, schema)},
      enter_app{ready(sql::enter_app, schema)},
      forget_apps{ready(sql::forget_apps, schema)},
      renew_token{ready(sql::renew_token, schema)},
      find_locked{ready(sql::find_locked, schema)},
      cancel_job{ready(sql::cancel_job, schema)},
      settle_cancels{ready(sql::settle_cancels, schema)},
      enter_cancelled{ready(sql::enter_cancelled, schema)},
      find_cancelled{ready(sql::find_cancelled, schema)},
      knows_job{ready(sql::knows_job, schema)},
      list_cancelled{ready(sql::list_cancelled, schema)},
      list_cancelled_ids{ready(sql::list_cancelled_ids, schema)},
      purge_cancelled{ready(sql::purge_cancelled, schema)},
      find_results{ready(sql::find_results, schema)},
      purge_results{ready(sql::purge_results, schema)},
      write_progress{ready(sql::write_progress, schema)},
      find_progress{ready(sql::find_progress, schema)},
      forget_progress{ready(sql::forget_progress, schema)},
      purge_progress{ready(sql::purge_progress, schema)},
      find_paused{ready(sql::find_paused, schema)},
      pause_queue{ready(sql::pause_queue, schema)},
      resume_queue{ready(sql::resume_queue, schema)},
      bound_look{ready(sql::bound_look, schema)},
      look_at_tables{ready(sql::look_at_tables, schema)},
      claim_jobs{ready(sql::claim_jobs, schema)},
      purge_marks{ready(sql::purge_marks, schema)},
      want_job{ready(sql::want_job, schema)},
      receive_jobs{with(ready(sql::receive_jobs, schema), "{notice}", ready(sql::notice, schema))},
      receive_letters{ready(sql::receive_letters, schema)},
      enqueue_in{with(ready(sql::enqueue_in, schema), "{notice}", ready(sql::notice, schema))},
      claim_jobs_in{with(ready(sql::claim_jobs_in, schema), "{notice}", ready(sql::notice, schema))},
      change_limit{ready(sql::change_limit, schema)},
      declare_limits{ready(sql::declare_limits, schema)},
      find_limits{ready(sql::find_limits, schema)},
      find_room{ready(sql::find_room, schema)},
      purge_rates{ready(sql::purge_rates, schema)},
      take_rates{ready(sql::take_rates, schema)},
      relay_load{with_origin(sql::relay_load, schema)},
      add_children{ready(sql::add_children, schema)},
      intend_children{ready(sql::intend_children, schema)},
      look_for_children{ready(sql::look_for_children, schema)},
      load_children{ready(sql::load_children, schema)},
      wake_flow{ready(sql::wake_flow, schema)},
      woken_flows{ready(sql::woken_flows, schema)},
      read_pages{ready(sql::read_pages, schema)},
      find_flow{ready(sql::find_flow, schema)},
      enter_again{ready(sql::enter_again, schema)},
      copy_steps{ready(sql::copy_steps, schema)},
      insert_again{ready(sql::insert_again, schema)},
      intend_step{ready(sql::intend_step, schema)},
      finish_step{ready(sql::finish_step, schema)},
      begin_sleep{ready(sql::begin_sleep, schema)},
      await_event{ready(sql::await_event, schema)},
      look_for_event{ready(sql::look_for_event, schema)},
      close_event{ready(sql::close_event, schema)},
      move_flow{ready(sql::move_flow, schema)},
      load_steps{ready(sql::load_steps, schema)},
      signal_flow{ready(sql::signal_flow, schema)},
      purge_flows{ready(sql::purge_flows, schema)},
      end_lost_flows{ready(sql::end_lost_flows, schema)},
      purge_events{ready(sql::purge_events, schema)},
      purge_history{ready(sql::purge_history, schema)},
      purge_savepoints{ready(sql::purge_savepoints, schema)},
      begin_taking{ready(sql::begin_taking, schema)},
      count_taking{ready(sql::count_taking, schema)},
      tell_of_jobs{ready(sql::tell_of_jobs, schema)},
      relay_fresh{with_origin(sql::relay_fresh, schema)},
      take_rows{ready(sql::take_rows, schema)} {}

}  // namespace aftercommit::detail
