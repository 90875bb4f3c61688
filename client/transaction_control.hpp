/// Finds the statements that begin or end a transaction: only the session itself may send those.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit::detail {

/// The first statement of `sql` that controls a transaction ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION"
/// ...), as its leading keyword in capitals; empty if there is none.  Reads SQL as the server does with
/// standard_conforming_strings on: comments, quotes and dollar quotes hide what they hold.
std::string transaction_control_in(std::string_view sql);

}  // namespace aftercommit::detail
