/// A connection of libpqxx of which libpq can be asked what libpqxx keeps to itself.
#pragma once

#include <pqxx/connection>
#include <pqxx/connection_base>
#include <string>

namespace aftercommit::detail {

/// Connects at once, as pqxx::connection does, and throws what that throws.  For one thread at a time.
class Link final : public pqxx::connection_base {
 public:
  explicit Link(const std::string& options);
  ~Link() noexcept;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Why it was lost, as the server said before it ended the session, else as libpq saw it.  One line.
  std::string why_lost() const;
  /// A setting that the server tells of unasked, as it is now; null where it does not.  Costs nothing.
  const char* reported(const char* setting) const noexcept;
  bool reports(const char* setting, const char* value) const noexcept;
  bool speaks_utf8() const noexcept;
  bool in_transaction() const noexcept;  ///< or in the midst of a statement
  /// Has libpq understand what it has read while no statement runs: a server's last words become a notice.
  void understand() noexcept;

 private:
  /// Keeps the handle that connection_base shows to nobody.
  class Policy final : public pqxx::connect_direct {
   public:
    using connect_direct::connect_direct;
    handle do_startconnect(handle before) override;
    handle do_disconnect(handle before) noexcept override;
    handle get() const noexcept { return handle_; }

   private:
    handle handle_ = nullptr;  // not owned
  };

  Policy policy_;
};

}  // namespace aftercommit::detail
