/// A PostgreSQL of a test's own, for what must not be done to the shared one: restarting, killing, hanging
/// it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace aftercommit::support {

/// Runs until destroyed, in a temporary folder, without syncing to disk; listens on a Unix socket alone.
/// Started by root it runs as the user postgres.
class PrivatePostgres {
 public:
  PrivatePostgres();
  /// A standby of another, which follows it from now on.
  struct StandbyOf {
    const PrivatePostgres& primary;
  };
  explicit PrivatePostgres(StandbyOf standby);
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  std::string url() const;
  const std::filesystem::path& folder() const { return folder_; }  ///< its socket is there

  void start();  ///< again, with the same data at the same address
  void stop();   ///< at once: sessions are ended, open transactions rolled back
  void restart();
  void kill();  ///< as a crash does: nobody is told, and a standby has what it has
  /// Its data are thrown away, and it begins again as a standby of that one, with a copy of its data.
  void follow(StandbyOf standby);
  void demote();     ///< starts it again as a standby, which follows nobody
  void promote();    ///< a standby, to a primary; its sessions go on
  void keep_copy();  ///< of the data as they are now, for go_back(); stops and starts the server for it
  /// The server is lost, and another one takes its place at the same address, with the data of that copy: one
  /// restored from it, or a standby that has received nothing since, still to be promoted.
  void go_back(bool as_standby);
  void freeze();  ///< SIGSTOP to all of it: it keeps its sessions and answers nothing
  void thaw();    ///< SIGCONT; stop() does so too
  void set(const std::string& setting, const std::string& value);  ///< for all sessions, from now on
  /// Every COMMIT takes effect and then waits for a standby that does not exist, until let_commits_end().
  void make_commits_hang();
  void let_commits_end() { set("synchronous_standby_names", ""); }

 private:
  enum class As { kServer, kTest };  // whose user; PostgreSQL refuses to run as root

  void make_data() const;
  void copy_data(const PrivatePostgres& primary) const;
  pid_t run(const std::vector<std::string>& command, As as = As::kServer) const;
  void run_to_end(const std::vector<std::string>& command, As as = As::kServer) const;
  bool answers() const;

  const std::filesystem::path folder_;
  pid_t process_ = 0;  // 0: not running
};

/// The first base of a fixture whose DATABASE_URL is a server of its own.
class OnPrivatePostgres {
 protected:
  OnPrivatePostgres();
  ~OnPrivatePostgres();
  OnPrivatePostgres(const OnPrivatePostgres&) = delete;
  OnPrivatePostgres& operator=(const OnPrivatePostgres&) = delete;

  PrivatePostgres server;

 private:
  const std::string url_before_;
};

}  // namespace aftercommit::support
