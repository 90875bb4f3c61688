/// What the pages ask for, and whoever else: JSON, described in docs/api/openapi.json, which a test compares.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "dashboard/acts.hpp"
#include "dashboard/collector.hpp"
#include "dashboard/guard.hpp"
#include "dashboard/guesses.hpp"
#include "dashboard/redaction.hpp"
#include "dashboard/request.hpp"
#include "dashboard/servers_pool.hpp"
#include "dashboard/sessions.hpp"
#include "dashboard/settings.hpp"
#include "dashboard/shared_looks.hpp"
#include "dashboard/users.hpp"

namespace aftercommit::dashboard {

/// What the calls work with.  Nothing is owned.
struct Context {
  const Settings& settings;
  const Users* users;  ///< null: everybody
  Sessions& sessions;
  Guesses& guesses;
  const Guard& guard;
  const Redaction& redaction;
  ServersPool& servers;
  Collector& collector;
  Acts& acts;
  SharedLooks& looks;
};

/// One call.  It throws Refusal; what it gives is redacted by whoever calls it.
struct Route {
  std::string_view method;
  std::string_view path;
  bool changes;                        ///< refused in a dashboard that only shows, and to who may only look
  std::chrono::milliseconds good_for;  ///< how long one answer serves all who ask the same; 0: for one alone
  Json (*handle)(Context& context, const Request& request);
};

std::span<const Route> routes();

/// The answer to a call that has passed the guard; never throws.
Answer answer_call(Context& context, const Request& request);

/// The answer to who has guessed too often.
Answer refuse_guess(std::chrono::seconds wait);

/// A line in the log: who has changed what, from where.
void tell_of_change(const Request& request, std::string_view what, const std::string& subject,
                    const std::string& outcome);

// --- The calls, in their order.

Json about(Context& context, const Request& request);
Json get_overview(Context& context, const Request& request);
Json get_queues(Context& context, const Request& request);
Json post_pause(Context& context, const Request& request);
Json post_resume(Context& context, const Request& request);
Json get_jobs(Context& context, const Request& request);
Json get_job(Context& context, const Request& request);
Json post_cancel(Context& context, const Request& request);
Json get_flow(Context& context, const Request& request);
Json post_signal(Context& context, const Request& request);
Json get_dead(Context& context, const Request& request);
Json get_dead_count(Context& context, const Request& request);
Json post_dead_retry(Context& context, const Request& request);
Json post_dead_delete(Context& context, const Request& request);
Json get_act(Context& context, const Request& request);
Json get_periodic(Context& context, const Request& request);
Json post_periodic_pause(Context& context, const Request& request);
Json post_periodic_resume(Context& context, const Request& request);
Json post_periodic_run(Context& context, const Request& request);
Json post_periodic_forget(Context& context, const Request& request);
Json get_workers(Context& context, const Request& request);
Json get_limits(Context& context, const Request& request);
Json post_limit(Context& context, const Request& request);
Json get_audit(Context& context, const Request& request);
Json post_audit(Context& context, const Request& request);

}  // namespace aftercommit::dashboard
