/// Finds the statements that would pull the rug from under a session: only it may begin or end a transaction,
/// and it counts on its plans.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit::detail {

/// The first statement of `sql` that controls a transaction ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION"
/// ...), as its leading keyword in capitals; empty if there is none.  Reads SQL as the server does with
/// standard_conforming_strings on: comments, quotes and dollar quotes hide what they hold.
/// COPY FROM STDIN and COPY TO STDOUT count as "COPY": libpq ends one inside the next statement it sends, and
/// a COMMIT sent so is answered with a rollback that is no error.
/// `leaves_traces` is set where the rest of it leaves something behind in the session: see SessionTraces.
std::string transaction_control_in(std::string_view sql, bool* leaves_traces = nullptr);

/// Whether a statement of `sql` is DEALLOCATE or DISCARD, or code (DO) in which they would not be seen.
bool may_drop_plans(std::string_view sql);

}  // namespace aftercommit::detail
