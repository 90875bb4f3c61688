/// Telling a pooler, which may hand each message to another session of the server, from the server itself.
#pragma once

#include <pqxx/pqxx>

namespace aftercommit::detail {

/// False behind a pooler: it makes up process ids of its own.  Costs a round trip.
inline bool has_session_of_its_own(pqxx::transaction_base& session) {
  return session.exec("SELECT pg_catalog.pg_backend_pid()")[0][0].as<int>() == session.conn().backendpid();
}

}  // namespace aftercommit::detail
