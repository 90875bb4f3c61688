/// Queues that an operator pauses and resumes.
#pragma once

#include "client/app/queue_pause.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// As App::pause_queue of an app that has these servers: written to the default database, or to the only one;
/// without any to Redis.
detail::PauseChange pause(Servers& servers, const Queue& queue);
/// As App::resume_queue.
detail::PauseChange resume(Servers& servers, const Queue& queue);

}  // namespace aftercommit::operate
