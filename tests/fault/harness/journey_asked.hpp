/// What whoever asks for a flow of the chaos writes down with it, a producer or another flow.
#pragma once

#include <string>

#include "aftercommit/transaction.hpp"
#include "fault/harness/journey_plan.hpp"

namespace aftercommit::fault {

/// That it was asked for, and the events that are to be given to it.
void note_asked(Transaction& tx, const std::string& flow, const Journey& journey);

/// The event of a flow at a place, as its body names it.
std::string event_at(long place);

}  // namespace aftercommit::fault
