#include "support/servers/private_postgres.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "support/eventually.hpp"
#include "support/process_signals.hpp"
#include "support/servers/process_tree.hpp"
#include "support/servers/servers.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::support {
namespace {

const passwd* postgres_user() {
  const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  if (user == nullptr && ::geteuid() == 0)
    throw std::runtime_error{"there is no user postgres: install PostgreSQL"};
  return user;  // null: run as who we are
}

std::filesystem::path folder_of_server() {
  auto folder = temporary_folder("postgres");
  const passwd* user = postgres_user();
  if (user != nullptr && ::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error{"cannot give " + folder.string() + " to the user postgres"};
  }
  return folder;
}

/// Debian keeps several versions side by side, and none of them in PATH: takes the newest.
std::filesystem::path program(const std::string& name) {
  std::vector<std::filesystem::path> found;
  std::error_code missing;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", missing}) {
    const auto path = version.path() / "bin" / name;
    if (std::filesystem::exists(path)) found.push_back(path);
  }
  return found.empty() ? std::filesystem::path{name} : *std::ranges::max_element(found);
}

}  // namespace

PrivatePostgres::PrivatePostgres() : folder_{folder_of_server()} {
  make_data();
  start();
}

PrivatePostgres::PrivatePostgres(StandbyOf standby) : folder_{folder_of_server()} {
  copy_data(standby.primary);
  start();
}

PrivatePostgres::~PrivatePostgres() {
  stop();
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

std::string PrivatePostgres::url() const {
  return "postgresql:///postgres?host=" + folder_.string() + "&user=postgres";
}

/// initdb takes two seconds of a processor and does the same each time: the first test of a run keeps its
/// work for the others.
void PrivatePostgres::make_data() const {
  const char* const of_this_run = std::getenv("DEVSTACK_DIR");
  const auto kept = std::filesystem::path{of_this_run != nullptr ? of_this_run : ""} / "initdb";
  if (of_this_run != nullptr && std::filesystem::exists(kept)) {
    run_to_end({"cp", "-a", kept, folder_ / "data"}, As::kTest);
    return;
  }
  run_to_end({program("initdb"), "-D", folder_ / "data", "--username=postgres", "--auth=trust",
              "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"});
  if (of_this_run == nullptr) return;
  const auto mine = kept.string() + '-' + std::to_string(::getpid());
  run_to_end({"cp", "-a", folder_ / "data", mine}, As::kTest);
  std::error_code another_was_first;
  std::filesystem::rename(mine, kept, another_was_first);
}

void PrivatePostgres::start() {
  process_ = run({program("postgres"), "-D", folder_ / "data", "-k", folder_, "-c", "listen_addresses=", "-c",
                  "fsync=off"});
  if (!eventually([&] { return answers(); })) {
    throw std::runtime_error{"PostgreSQL does not start in " + folder_.string()};
  }
}

/// The first process first, so that it begins no other meanwhile.
void PrivatePostgres::freeze() {
  stop_process(process_);
  for (const auto child : children_of(process_)) stop_process(child);
}

void PrivatePostgres::thaw() {
  signal_process(process_, SIGCONT);
  for (const auto child : children_of(process_)) signal_process(child, SIGCONT);
}

void PrivatePostgres::stop() {
  if (process_ == 0) return;
  thaw();
  ::kill(process_, SIGINT);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void PrivatePostgres::restart() {
  stop();
  start();
}

void PrivatePostgres::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGQUIT);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void PrivatePostgres::follow(StandbyOf standby) {
  kill();
  run_to_end({"rm", "-rf", folder_ / "data"});
  copy_data(standby.primary);
  start();
}

void PrivatePostgres::copy_data(const PrivatePostgres& primary) const {
  run_to_end({program("pg_basebackup"), "-D", folder_ / "data", "-h", primary.folder_, "-U", "postgres",
              "--write-recovery-conf", "--checkpoint=fast", "--no-sync"});
}

void PrivatePostgres::demote() {
  stop();
  std::ofstream{folder_ / "data" / "standby.signal"};
  start();
}

void PrivatePostgres::promote() {
  pqxx::connection connection{url()};
  pqxx::nontransaction session{connection};
  if (!session.exec("SELECT pg_promote()")[0][0].as<bool>()) throw std::runtime_error{"no promotion"};
}

void PrivatePostgres::keep_copy() {
  stop();
  run_to_end({"rm", "-rf", folder_ / "copy"});
  run_to_end({"cp", "-a", folder_ / "data", folder_ / "copy"});
  start();
}

void PrivatePostgres::go_back(bool as_standby) {
  signal_process(process_, SIGQUIT);
  stop();  // waits for its end
  run_to_end({"rm", "-rf", folder_ / "data"});
  run_to_end({"cp", "-a", folder_ / "copy", folder_ / "data"});
  if (as_standby) run_to_end({"touch", folder_ / "data" / "standby.signal"});
  start();
}

void PrivatePostgres::set(const std::string& setting, const std::string& value) {
  pqxx::connection connection{url()};
  pqxx::nontransaction session{connection};
  session.exec("ALTER SYSTEM SET " + setting + " = " + session.quote(value));
  session.exec("SELECT pg_reload_conf()");
  const auto now = [&] { return session.exec("SHOW " + setting)[0][0].as<std::string>(); };
  if (!eventually([&] { return now() == value; })) throw std::runtime_error{setting + " did not change"};
}

void PrivatePostgres::make_commits_hang() {
  set("synchronous_standby_names", "nobody");
  // That the sessions know it is not enough, the checkpointer has to: it does once a commit hangs.
  const std::jthread committer{[this](const std::stop_token& stop) {
    try {
      pqxx::connection connection{url()};
      pqxx::nontransaction session{connection};
      session.exec("SET application_name = 'committer'");
      // With a record in the log: a commit without one waits for no standby.
      while (!stop.stop_requested()) session.exec("SELECT pg_logical_emit_message(true, '', '')");
    } catch (const std::exception&) {
      // Its session has been ended.
    }
  }};
  pqxx::connection connection{url()};
  pqxx::nontransaction session{connection};
  const auto end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name = 'committer' AND wait_event = 'SyncRep'";
  if (!eventually([&] { return !session.exec(end).empty(); })) throw std::runtime_error{"no commit hangs"};
}

void PrivatePostgres::run_to_end(const std::vector<std::string>& command, As as) const {
  const auto child = run(command, as);
  int status = 0;
  if (::waitpid(child, &status, 0) == child && status == 0) return;
  throw std::runtime_error{command.front() + " failed: see " + (folder_ / "log").string()};
}

pid_t PrivatePostgres::run(const std::vector<std::string>& command, As as) const {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const passwd* user = as == As::kServer ? postgres_user() : nullptr;
  const auto log = folder_ / (as == As::kServer ? "log" : "log of the test");
  const pid_t child = ::fork();
  if (child != 0) return child;

  if (user != nullptr && (::initgroups("postgres", user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test that crashes leaves no server behind
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close(STDIN_FILENO);
  if (::chdir(folder_.c_str()) != 0) ::_exit(126);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

bool PrivatePostgres::answers() const {
  try {
    const pqxx::connection connection{url()};
    return connection.is_open();
  } catch (const std::exception&) {
    return false;
  }
}

OnPrivatePostgres::OnPrivatePostgres() : url_before_{database_url()} {
  ::setenv("DATABASE_URL", server.url().c_str(), 1);
}

OnPrivatePostgres::~OnPrivatePostgres() { ::setenv("DATABASE_URL", url_before_.c_str(), 1); }

}  // namespace aftercommit::support
