/// A connection of libpqxx of which libpq can be asked what libpqxx keeps to itself.
#pragma once

#include <functional>
#include <pqxx/pqxx>
#if PQXX_VERSION_MAJOR < 7
#include <pqxx/connection_base>
#endif
#include <string>

#include "client/postgres/last_words.hpp"

struct pg_conn;  // libpq's PGconn

namespace aftercommit::detail {

#if PQXX_VERSION_MAJOR < 7
using LinkBase = pqxx::connection_base;
#else
using LinkBase = pqxx::connection;
#endif

/// Connects at once, as pqxx::connection does, and throws what that throws.  For one thread at a time.
class Link final : public LinkBase {
 public:
  explicit Link(const std::string& options);
  ~Link() noexcept;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// What the server has said as it ended the session, be it instead of an answer or unasked, in so far as it
  /// has been read.  For as long as no other connection takes the place of this one.
  const LastWords& last_words() const noexcept { return words_; }
  /// Why it was lost: those words, else what libpq makes of it.  One line.
  std::string why_lost() const;
  /// A setting that the server tells of unasked, as it is now; null where it does not.  Costs nothing.
  const char* reported(const char* setting) const noexcept;
  bool reports(const char* setting, const char* value) const noexcept;
  bool speaks_utf8() const noexcept;
  bool in_transaction() const noexcept;  ///< or in the midst of a statement
  /// Sends rows by `statement`, a COPY FROM STDIN as text: what `more` appends, until it answers false.
  /// Throws what `more` does, and pqxx::sql_error, which says nothing of what the rows hold; whether the
  /// connection was lost is to be asked.
  void copy(const std::string& statement, const std::function<bool(std::string&)>& more);
  /// Has libpq understand what it has read while no statement runs: a server's last words may be in it.
  void understand() const noexcept;

 private:
#if PQXX_VERSION_MAJOR < 7
  /// Keeps the handle that connection_base shows to nobody.
  class Policy final : public pqxx::connect_direct {
   public:
    Policy(Link& link, const std::string& options) : connect_direct{options}, link_{link} {}
    handle do_startconnect(handle before) override;
    handle do_disconnect(handle before) noexcept override;

   private:
    Link& link_;  // owns this
  };
#else
  explicit Link(pg_conn* connected);
#endif
  void hear(pg_conn* handle) noexcept;

  pg_conn* handle_ = nullptr;  // not owned; null: there is none
  LastWords words_{};          // written by libpq's calls to us, in the midst of ours to it
#if PQXX_VERSION_MAJOR < 7
  Policy policy_;
#endif
};

}  // namespace aftercommit::detail
