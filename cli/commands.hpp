/// The commands, one a file.  Each writes to standard output, throws what its servers throw, and returns an
/// exit code.
#pragma once

#include "cli/options.hpp"

namespace aftercommit::cli {

int migrate(const Options& options);
int print_migration(const Options& options);  ///< needs no server
int stats(const Options& options);
int list_jobs(const Options& options);
int show_job(const Options& options);
int show_flow(const Options& options);
int run_flow_again(const Options& options);
int enqueue(const Options& options);
int purge(const Options& options);
int list_workers(const Options& options);
int list_tasks(const Options& options);
int list_dead(const Options& options);
int show_dead(const Options& options);
int retry_dead(const Options& options);
int delete_dead(const Options& options);
int list_periodic(const Options& options);
int next_periodic(const Options& options);
int pause_periodic(const Options& options);  ///< or resume
int run_periodic(const Options& options);
int forget_periodic(const Options& options);
int list_limits(const Options& options);
int set_limit(const Options& options);  ///< or reset
int pause(const Options& options);
int resume(const Options& options);
int audit(const Options& options);
int blame(const Options& options);
int cancel(const Options& options);
int list_cancelled(const Options& options);
int adopt(const Options& options);
int new_token(const Options& options);
int dashboard(const Options& options);  ///< until it is stopped
int doctor(const Options& options);
int top(const Options& options);         ///< cli/top
int completion(const Options& options);  ///< needs no server

}  // namespace aftercommit::cli
