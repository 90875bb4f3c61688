// A program whose standard files are closed: no session gets their numbers.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aftercommit/aftercommit.hpp"
#include "broker/contract/broker.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

bool any_is_a_socket() {
  for (int file = 0; file <= 2; ++file) {
    struct ::stat status {};
    if (::fstat(file, &status) != 0 || S_ISSOCK(status.st_mode)) return true;
  }
  return false;
}

/// In a process of its own, whose exit code is 0 if all is well.
template <class Use>
void expect_no_session_among_the_standard_files(Use&& use) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (int file = 0; file <= 2; ++file) ::close(file);
    try {
      use();
    } catch (const std::exception&) {
      ::_exit(2);
    }
    ::_exit(any_is_a_socket() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(StandardFiles, ThatAreClosedAreNoSessionsOfPostgresql) {
  expect_no_session_among_the_standard_files([] {
    App app{"closed", {.databases = {{"default", {.url = support::database_url()}}}}};
    app.database().atomic([](Transaction& tx) {
      tx.exec("SELECT 1");
      if (any_is_a_socket()) ::_exit(3);
    });
  });
}

TEST(StandardFiles, ThatAreClosedAreNoConnectionsToRedis) {
  expect_no_session_among_the_standard_files([] {
    const auto broker = make_broker(support::fresh_redis_url());
    broker->counts("default");
    if (any_is_a_socket()) ::_exit(3);
  });
}

}  // namespace
}  // namespace aftercommit
