/// A proxy in front of a private PostgreSQL, for a network that goes silent or has a pooler in it, and for
/// clients that say something else than they do.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/servers/changed_statements.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit::support {

/// Passes bytes between clients of its url() and the server, on a thread of its own.
class PostgresProxy {
 public:
  explicit PostgresProxy(const PrivatePostgres& postgres, std::vector<ChangedStatement> changes = {});
  ~PostgresProxy();
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  std::string url() const;
  int held() const { return held_; }  ///< how often bytes were there and were not passed on
  /// Whether clients have sent every statement that is to be changed.
  bool has_made_all_changes() const { return changes_.all_made(); }

  /// While on, nothing passes in either direction, nor that a connection has ended; new ones are not
  /// answered.
  void go_silent(bool on) { silent_ = on; }
  /// While on, what the server says is kept back, and passes all at once afterwards; it hears all that its
  /// clients say.
  void hold_answers(bool on) { holds_answers_ = on; }
  /// While on, clients that connect are told a process id that is not the server's, as poolers do.
  void make_up_process_ids(bool on) { makes_up_ids_ = on; }
  /// Ends every connection, as a router that has forgotten them.
  void cut() { cut_ = true; }

 private:
  struct Link {
    int client;
    int server;
    std::shared_ptr<ClientMessages> messages{};  // null: bytes pass as they are
  };

  void run(const std::stop_token& stop);
  bool pass_on(const Link& link, bool from_server) const;
  void accept_one();
  void close_all();

  const std::filesystem::path target_;
  const std::filesystem::path folder_;
  StatementChanges changes_;
  int listener_ = -1;
  std::atomic<int> held_{0};
  std::atomic<bool> silent_{false};
  std::atomic<bool> holds_answers_{false};
  std::atomic<bool> makes_up_ids_{false};
  std::atomic<bool> cut_{false};
  std::vector<Link> links_;  // used by thread_ alone
  std::jthread thread_;      // last: stops first
};

}  // namespace aftercommit::support
