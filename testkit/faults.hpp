/// What a simulation does to a run.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aftercommit/app.hpp"
#include "testkit/runner.hpp"

namespace aftercommit::testing {

/// Ends the sessions that the calling thread has at the databases of an app, as the end of its process would.
class SessionEnd {
 public:
  /// `app` is not owned and outlives this.
  explicit SessionEnd(App& app);

  /// Those that hold a connection now; returns when the server has ended them.  False: there are none.
  bool end_all();
  bool any_open() const;  ///< such one holds a connection

 private:
  App& app_;
  std::map<std::string, std::unique_ptr<Database>> beside_;  // by alias: sessions of its own
};

/// The session ends before the use of a database that is number `use` while it is open, counted from 1; 0: it
/// does not, and uses are only counted.
class EndAtUse final : public RunFault {
 public:
  EndAtUse(SessionEnd& sessions, int use) : sessions_{sessions}, use_{use} {}
  void at_use() override;
  bool met() const noexcept { return met_; }
  int uses() const noexcept { return uses_; }

 private:
  SessionEnd& sessions_;  // not owned, outlives this
  const int use_;
  int uses_ = 0;
  bool met_ = false;
  bool busy_ = false;  // it uses databases itself
};

/// The session ends when the body has returned, before COMMIT is sent.
class EndAtCommit final : public RunFault {
 public:
  explicit EndAtCommit(SessionEnd& sessions) : sessions_{sessions} {}
  void at_commit() override { met_ = sessions_.end_all(); }
  bool met() const noexcept { return met_; }

 private:
  SessionEnd& sessions_;  // not owned, outlives this
  bool met_ = false;
};

/// The session ends right behind COMMIT, in its message: it stands, and nobody hears of it.  Not of one
/// behind which something else is to be done: then nothing happens.
class EndBehindCommit final : public RunFault {
 public:
  EndBehindCommit();
  aftercommit::detail::Riders* behind_commit() override { return &riders_; }

 private:
  aftercommit::detail::Riders riders_;
};

}  // namespace aftercommit::testing
