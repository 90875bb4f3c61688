/// Sessions with the real database that a test process keeps from one test to the next: to begin one costs
/// more than most of what a test does in it.
#pragma once

#include <memory>
#include <pqxx/pqxx>

namespace aftercommit::support {

/// A session with DATABASE_URL that nobody else in this process uses meanwhile, as new: when the last owner
/// lets go of it, it is made clean (DISCARD ALL) and kept, or ended where that cannot be.  Thread-safe.
std::shared_ptr<pqxx::connection> kept_session();

}  // namespace aftercommit::support
