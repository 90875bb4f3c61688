/// What a worker does before it begins: takes its options over into the app, and looks at its servers, tables
/// and tasks.
#pragma once

#include <string>

#include "aftercommit/app.hpp"
#include "broker/contract/names.hpp"
#include "worker/gate/database_watch.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// The URL of the Redis to which Celery's clients send.
std::string celery_broker_of(App& app, const Options& options);

/// The command's URLs win over the app's own; each thread gets a connection, and the worker's roles theirs.
void configure(App& app, const Options& options, const WorkerId& worker);

/// Throws ConfigError with all that is wrong, not only with what it meets first.  A database that is away
/// while another serves is told of in the log: its jobs have to wait, and nobody else's.  Nothing connects to
/// it any more then until its DatabaseWatch lets it; `options` is to outlive what is given back.
Preparations check_set_up(App& app, const Options& options);

}  // namespace aftercommit::worker
