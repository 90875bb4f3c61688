/// Asks a database whether it can serve jobs.
#pragma once

#include <memory>
#include <mutex>

#include "aftercommit/database.hpp"
#include "client/postgres/connection.hpp"

namespace aftercommit::detail {

/// One question, to be asked on a thread that may have to wait: a few seconds where nothing answers.
class Probe {
 public:
  explicit Probe(Database& database);

  /// Claims a job that does not exist, as every job of this database begins: on a connection of its own, as
  /// those that are open may be dead; or, where no other is to be had, on an idle one.  Returns if that was
  /// answered; else throws DatabaseUnavailable or what the server said.
  void run();
  /// From any thread: ends the wait of a run() that has connected.
  void sever() noexcept;

 private:
  void ask(std::shared_ptr<Connection> connection);

  const std::shared_ptr<DatabaseCore> core_;
  std::mutex mutex_;  // protects asked_
  std::shared_ptr<Connection> asked_;
};

}  // namespace aftercommit::detail
