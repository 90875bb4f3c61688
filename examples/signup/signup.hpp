/// What the web app does: a user signs up, one way or the other.
#pragma once

#include <string>

namespace signup {

/// The tasks exist if, and only if, the user does.  Gives the id of the user.
long sign_up(const std::string& email);

/// Wrong on purpose.  The job is sent at once, so a worker looks for a user whom nobody else can see before
/// the COMMIT, 50 ms later.
long sign_up_naively(const std::string& email);

}  // namespace signup
