/// One connection to PostgreSQL: runs statements, and tells a failed statement from a lost connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <pqxx/result>
#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "aftercommit/sql_params.hpp"
#include "client/postgres/last_words.hpp"
#include "client/statements/frequent_statements.hpp"
#include "client/statements/planned_statements.hpp"
#include "client/statements/riders.hpp"

namespace aftercommit::detail {

/// Words for a database that takes no writes, in what DatabaseUnavailable and logs say.
inline constexpr const char* kIsStandby = "it is a standby";
inline constexpr const char* kReadOnlyByDefault =
    "default_transaction_read_only is on, for the server, the database, the role or in the URL";

/// For one thread at a time, cancel() and sever() apart.  Begins and ends no transaction by itself.
class Connection {
 public:
  /// Throws DatabaseUnavailable; ConfigError for a URL that is none.
  Connection(const DatabaseOptions& options, const std::string& alias);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Throws what libpqxx throws, and UsageError where the session does not speak UTF-8 any more.  After any
  /// exception ask lost().  `begin`, if there is one, is sent before the statement: in the same message if
  /// plans().
  pqxx::result exec(std::string_view sql, const SqlParams& params = {}, const std::string& begin = {});
  /// Whether the statement goes out as text, by a plan of the server's.
  bool plans(std::string_view sql, const SqlParams& params) { return find_plan(sql, params) != nullptr; }

  /// Makes rows of the open transaction by `statement`, a COPY FROM STDIN as text: of what `more` appends,
  /// until it answers false.  Throws what exec() throws, and what `more` does.
  void copy(const std::string& statement, const std::function<bool(std::string&)>& more);

  /// Adds a statement to a message for exec().  It is planned by the server once in a while and not for each
  /// message, unless a pooler stands between, which may hand each message to another session.
  void append(std::string& message, const Rider& rider);
  /// To be told of every statement that is not our own, and whether it may leave something behind in the
  /// session.
  void notice(std::string_view sql, bool leaves_traces) {
    planned_.notice(sql);
    changed_ = changed_ || leaves_traces;
  }
  /// Whether that is so: such a session goes to nobody else before make_fit().
  bool changed() const noexcept { return changed_; }
  /// Makes the session as it was when it began, which costs a round trip where a statement has changed it and
  /// nothing else.  False: it is to be closed.
  bool make_fit() noexcept;

  /// `text` as a literal of SQL, for statements that go out together.
  std::string quote(std::string_view text) const;

  int backend() const noexcept;  ///< the process id of the server's side
  /// Whether a transaction is open, in order or failed, as the server has told with its last answer.
  bool in_transaction() const noexcept;

  /// Throws UsageError once the process has ended so far that no connection works any more: see main's end in
  /// docs/guide/database.md.
  static void check_usable_still(const std::string& alias);

  /// Whether it is known by now that the server has ended the session, or sever() has cut it off: what is
  /// sent no more arrives.  False where nothing is known.  Costs one poll(); not while a statement runs.
  bool has_ended() noexcept;
  bool severed() const noexcept { return severed_; }
  /// Goes up by one with each message and with each answer: odd while one waits.  From any thread.
  std::uint32_t messages() const noexcept { return messages_.load(std::memory_order_relaxed); }

  /// Whether the error that exec threw took the connection with it; it is then of no further use, and the
  /// server has rolled back or will.
  bool lost(const std::exception* error) const noexcept;

  /// Once it is lost: what the server said before it ended the session, else what libpq makes of it.
  std::string why_lost() const;
  /// The same with its code; empty where the server has said nothing.
  const LastWords& last_words() const noexcept;

  /// Why the session takes no writes, as a clause, if that is what the error says and no statement has asked
  /// for it; else empty.  A server older than 14 does not tell whether one has.
  std::string why_read_only(const std::exception& error) const;

  /// Whether the database has a place for every character of Unicode.
  bool holds_unicode() const noexcept { return holds_unicode_; }

  /// False if the server has closed it, or sent what nobody asked for, while it lay idle.  Costs one poll().
  /// False in the child of a fork as well, where the connection is its parent's.
  bool looks_alive() const noexcept;

  void cancel() noexcept;  ///< from any thread: ends the running statement with an error
  void sever() noexcept;   ///< from any thread: closes the socket in both directions

 private:
  struct Impl;
  void check_may_send() const;
  pqxx::result run(std::string_view sql, const SqlParams& params);
  pqxx::result run_or_plan(std::string_view sql, const SqlParams& params, const std::string& begin);
  const std::string* find_plan(std::string_view sql, const SqlParams& params);
  bool inherited() const noexcept;
  bool is_open() const noexcept;  // as far as is known without a look
  bool has_own_session() const;
  [[noreturn]] void refuse_encoding();
  void throw_if_lost() const;  // what the server said

  const bool of_worker_;
  bool changed_ = false;
  bool holds_unicode_ = true;
  std::unique_ptr<Impl> impl_;
  std::atomic<bool> severed_{false};
  // As the transaction began, which the server may have been told otherwise since.
  bool began_on_standby_ = false;
  bool began_read_only_ = false;
  std::atomic<std::uint32_t> messages_{0};
  PlannedStatements planned_;
  FrequentStatements frequent_;
};

}  // namespace aftercommit::detail
