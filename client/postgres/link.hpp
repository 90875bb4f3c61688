/// A connection of libpqxx of which libpq can be asked what libpqxx keeps to itself.
#pragma once

#include <pqxx/connection>
#include <pqxx/connection_base>
#include <string>

#include "client/postgres/last_words.hpp"

namespace aftercommit::detail {

/// Connects at once, as pqxx::connection does, and throws what that throws.  For one thread at a time.
class Link final : public pqxx::connection_base {
 public:
  explicit Link(const std::string& options);
  ~Link() noexcept;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// What the server has said as it ended the session, be it instead of an answer or unasked, in so far as it
  /// has been read.  For as long as no other connection takes the place of this one.
  const LastWords& last_words() const noexcept { return policy_.last_words(); }
  /// Why it was lost: those words, else what libpq makes of it.  One line.
  std::string why_lost() const;
  /// A setting that the server tells of unasked, as it is now; null where it does not.  Costs nothing.
  const char* reported(const char* setting) const noexcept;
  bool reports(const char* setting, const char* value) const noexcept;
  bool speaks_utf8() const noexcept;
  bool in_transaction() const noexcept;  ///< or in the midst of a statement
  /// Has libpq understand what it has read while no statement runs: a server's last words may be in it.
  void understand() const noexcept;

 private:
  /// Keeps the handle that connection_base shows to nobody, and listens for last words.
  class Policy final : public pqxx::connect_direct {
   public:
    using connect_direct::connect_direct;
    handle do_startconnect(handle before) override;
    handle do_disconnect(handle before) noexcept override;
    handle get() const noexcept { return handle_; }
    const LastWords& last_words() const noexcept { return words_; }

   private:
    handle handle_ = nullptr;  // not owned
    LastWords words_;          // written by libpq's calls to us, in the midst of ours to it
  };

  Policy policy_;
};

}  // namespace aftercommit::detail
