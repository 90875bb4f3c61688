/// What every request has to pass before anything is looked at: for whom, from which page, by whom.
#pragma once

#include <optional>
#include <string_view>

#include "dashboard/request.hpp"
#include "dashboard/sessions.hpp"
#include "dashboard/settings.hpp"
#include "dashboard/users.hpp"

namespace aftercommit::dashboard {

inline constexpr std::string_view kCookie = "aftercommit_session";
/// Each POST has it, with any value: a page of somebody else's cannot send it without our consent, which we
/// give to nobody.  In lower case, as Request has them.
inline constexpr std::string_view kChangeHeader = "x-aftercommit";

/// Thread-safe.
class Guard {
 public:
  /// `users`: null: everybody who can connect.  Neither is owned, and both outlive this.
  Guard(const Settings& settings, const Users* users, Sessions& sessions)
      : settings_{settings}, users_{users}, sessions_{sessions} {}

  /// The first thing that is wrong: the name it is asked for under (as a page whose own name was turned to
  /// this address would ask), its method, which page it comes from, and of a POST what it brings.
  std::optional<Refusal> look(const Request& request) const;

  /// Whether it brings a token or a password, which somebody may have guessed; a cookie cannot be.
  bool brings_secret(const Request& request) const;

  /// Who asks, by a token, a password or a cookie; nothing: nobody we know.
  std::optional<User> who(const Request& request) const;

  /// Whether somebody who is not known may have it: the pages, which hold no data, where they ask for a
  /// token themselves, and the call that brings it.
  bool is_open(const Request& request) const;

  bool asks_for_passwords() const { return users_ != nullptr && users_->kind() == Users::Kind::kPasswords; }

 private:
  bool is_our_name(std::string_view host) const;

  const Settings& settings_;  // not owned, outlives this, as the next two
  const Users* const users_;
  Sessions& sessions_;
};

}  // namespace aftercommit::dashboard
