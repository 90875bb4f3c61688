/// A small shop for the tests of transactions.  Each payment is one row, one job and one hook, so that the
/// promise can be asked as one question: are the three the same set?
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "broker/broker.hpp"
#include "broker/envelope.hpp"
#include "support/servers.hpp"

namespace aftercommit::support {

/// What a body throws on purpose.
struct Deliberate : std::runtime_error {
  Deliberate() : std::runtime_error{"deliberate"} {}
};

/// The base of test fixtures.  For one thread, pay() apart: that is for every thread.
class Payments {
 public:
  /// What `options` leave empty is filled in: a memory broker of its own, one database, and for each database
  /// a URL that leads to this test's schema.
  explicit Payments(AppOptions options = {});

  /// Pays in the thread's open transaction, or in none.
  void pay(long id);
  /// What the hook of a payment does.
  void note_hook(long id);

  // Sorted; what was delivered and called is counted from the beginning.
  std::vector<long> rows();            ///< as this thread's transaction sees them
  std::vector<long> committed_rows();  ///< as everybody else does
  std::vector<long> jobs();            ///< what a worker would run
  std::vector<long> hooks() const;

  /// The theorem: rows committed, jobs delivered and hooks called are the same set.  P1, and P2 with it.
  void expect_paid(const std::vector<long>& ids);

  /// The ready jobs that arrived since the last call, oldest first.
  std::vector<Envelope> take_arrived(const std::vector<std::string>& queues = {"default"});

  /// Runs SQL in a session of its own, that the pools know nothing of.
  pqxx::result outside(const std::string& sql);
  /// Ends every connection that the databases hold, and waits until the server has done so; returns how many.
  int kill_connections();

  const Schema& schema() const { return schema_; }

 private:
  const Schema schema_;

 public:
  App app;
  Task<long> receipt;
  Database& database;  ///< by the alias "default"

 private:
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<pqxx::connection> outside_;
  std::vector<long> hooks_;
  std::vector<long> jobs_;
};

/// The code of an error of PostgreSQL, "" for any other.
std::string sqlstate(const std::exception& error);

/// Runs `body` and returns what it threw as an E; null if it threw nothing.
template <class E, class Body>
std::unique_ptr<E> caught(Body&& body) {
  try {
    std::forward<Body>(body)();
  } catch (const E& error) {
    return std::make_unique<E>(error);
  }
  return nullptr;
}

/// The sentence of the E that `body` throws; says so where it throws none.
template <class E, class Body>
std::string message_of(Body&& body) {
  const auto error = caught<E>(std::forward<Body>(body));
  return error ? error->what() : "(nothing was thrown)";
}

}  // namespace aftercommit::support
