/// Books the crash of a worker process on the jobs that it was running, and gives back the others.
#pragma once

#include <string_view>

#include "aftercommit/app.hpp"
#include "broker/contract/broker.hpp"
#include "worker/events/event.hpp"
#include "worker/home/home.hpp"
#include "worker/settings/options.hpp"
#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// A job that was being run in so many crashes is buried, with the cause `crashed`.
inline constexpr int kCrashesAllowed = 3;

/// Does for `predecessor`, a process that has ended, what it could not: ends its sessions at the databases,
/// counts the crash on the jobs that it ran (which uses up no attempt) and puts all its jobs back.  `how` it
/// ended: "SIGSEGV".  May be repeated after it threw, as the broker does when it is away.  `listener`: is
/// told besides the log; may be null.
void report_crash(Broker& broker, App& app, const ChildSlots& predecessor, const Options& options,
                  std::string_view how, Home& home, Listener* listener = nullptr);

}  // namespace aftercommit::worker
