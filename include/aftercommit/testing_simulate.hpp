/// The application's own tasks under what a worker's life brings, from a seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"

namespace aftercommit::testing {

/// What is run again and again.  Each of the three functions is called outside of any transaction, and
/// commits what it does.
struct Simulation {
  std::function<void()> reset;           ///< makes the database as it is to be before: TRUNCATE, INSERT ...
  std::function<void()> ask;             ///< asks for the jobs, as the application does: shop::pay(1).
                                         ///< Those that SQL asks for are not brought
  std::function<std::string()> effects;  ///< what is to be the same in the end: rows_of(...)
  int rounds = 20;                       ///< with faults; before them there is one without
  int faults = 3;                        ///< that each job meets at most
  std::size_t at_most = 100'000;         ///< runs of jobs in a round; then SimulationFailed
};

struct SimulationReport {
  std::uint64_t seed = 0;
  int rounds = 0;
  std::size_t runs = 0;    ///< of jobs, those without an end included
  std::size_t faults = 0;  ///< that were met
};

/// A round whose effects were others than those of the run without faults: its text has the seed, what was
/// done to which job, and both effects.
class AFTERCOMMIT_EXPORT SimulationFailed : public Error {
 public:
  SimulationFailed(const std::string& what, std::uint64_t seed) : Error{what}, seed_{seed} {}
  /// Of the round: simulate(seed(), app, {..., .rounds = 1}) runs it alone.
  std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_;
};

/// Runs the jobs once without a fault, and then in many rounds with faults, in another order, against the
/// app's real PostgreSQL; delays and backoffs are not waited for.  A job meets by chance:
///   - a second delivery, later or at the same time in another thread
///   - the end of its session, by pg_terminate_backend, at any statement of its task or right before its
///   COMMIT
///   - the end of its session right behind its COMMIT: it stands, and the answer is lost
///   - the death of the worker after the COMMIT, so that it is delivered again
/// Throws SimulationFailed where effects() differ; what reset, ask or effects throw comes through.  Effects
/// outside of the app's databases are not looked at: let effects() name those too, to see which happen twice.
///
/// The same seed makes the same choices; what two threads do at the same time is the machine's.  Needs a role
/// that may end its own sessions, as each may.  UsageError inside a test's transaction or an open block: what
/// is not committed no other session sees; while an Eager lives; and where no job runs at all.
SimulationReport simulate(std::uint64_t seed, App& app, const Simulation& simulation);

/// A seed by chance, for a test that tries others each time: what fails names it.
std::uint64_t any_seed();

/// The answer of a query as text, a line for each row, values separated by " | ".  Give it an ORDER BY.
std::string rows_of(Database& database, std::string_view sql);

}  // namespace aftercommit::testing
