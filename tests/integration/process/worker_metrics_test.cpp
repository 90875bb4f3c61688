// What a worker shows of itself: metrics and health over HTTP, and words to the service manager.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/loopback.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// What one address of a worker answers.
struct Answer {
  int status = 0;
  std::string text;
};

/// By the names of metrics.
std::map<std::string, std::string> rows_of_the_guide() {
  std::map<std::string, std::string> rows;
  const std::regex name{"`(aftercommit_\\w+)`"};
  std::ifstream guide{AFTERCOMMIT_METRICS_GUIDE};
  for (std::string line; std::getline(guide, line);) {
    if (!line.starts_with("| `aftercommit_")) continue;
    for (std::sregex_iterator at{line.begin(), line.end(), name}, end; at != end; ++at) rows[(*at)[1]] = line;
  }
  return rows;
}

class WorkerMetricsOverHttp : public support::WorkerTest {
 protected:
  using WorkerTest::WorkerTest;

  /// On a free port, which its log says.
  WorkerProcess& start(std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--metrics", "127.0.0.1:0"});
    auto& worker = start_worker(std::move(options));
    EXPECT_TRUE(worker.says("metrics are served"));
    for (const auto& event : worker.events()) {
      if (event["message"] == "metrics are served") address_ = event["address"].get<std::string>();
    }
    return worker;
  }
  Answer get(const std::string& path) const {
    httplib::Client client{"http://" + address_};
    client.set_read_timeout(10s);
    const auto found = client.Get(path);
    return found ? Answer{found->status, found->body} : Answer{};
  }
  bool eventually_shows(const std::string& line) const {
    return eventually([&] { return get("/metrics").text.find(line) != std::string::npos; });
  }
  bool eventually_ready(int status) const {
    return eventually([&] { return get("/readyz").status == status; });
  }

 private:
  std::string address_;
};

TEST_F(WorkerMetricsOverHttp, AreThoseOfAllProcessesTogether) {
  start({"--processes", "2", "--concurrency", "1"});
  for (long i = 1; i <= 20; ++i) tasks.insert.delay(i);
  tasks.reject.delay(99);
  ASSERT_TRUE(eventually([&] { return effects().size() == 20; }));
  eventually_dead(1);
  ASSERT_TRUE(eventually_empty());  // what the servers have said once is shown for five seconds
  EXPECT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"insert\",outcome=\"done\"} 20\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"reject\",outcome=\"dead\"} 1\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_concurrency 2\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_queue_jobs{queue=\"default\",state=\"ready\"} 0\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_table_rows{database=\"default\",table=\"job\"} 0\n"));
  const auto text = get("/metrics").text;
  EXPECT_THAT(text,
              AllOf(HasSubstr("# TYPE aftercommit_job_run_seconds histogram\n"),
                    HasSubstr("aftercommit_job_queue_seconds_bucket{queue=\"default\",le=\"+Inf\"} 21\n"),
                    HasSubstr("aftercommit_relay_lag_seconds{database=\"default\"}"),
                    HasSubstr("aftercommit_process_starts_total 2\n"), HasSubstr("aftercommit_build_info")));
}

/// Two shards, of which one can be stopped.
class WorkerMetricsOfShards : public WorkerMetricsOverHttp {
 protected:
  WorkerMetricsOfShards() : WorkerMetricsOfShards{std::make_unique<support::PrivateRedis>()} {}
  explicit WorkerMetricsOfShards(std::unique_ptr<support::PrivateRedis> second)
      : WorkerMetricsOverHttp{support::fresh_redis_url() + ' ' + second->url()}, second_{std::move(second)} {}

  const std::unique_ptr<support::PrivateRedis> second_;
};

TEST_F(WorkerMetricsOfShards, ShowNothingOfRedisRatherThanAPart) {
  start();
  EXPECT_TRUE(eventually_shows("aftercommit_queue_jobs{queue=\"default\",state=\"ready\"} 0\n"));
  second_->kill();
  const std::regex failed{"aftercommit_collect_failures_total\\{server=\"redis\"\\} [1-9]"};
  EXPECT_TRUE(eventually([&] { return std::regex_search(get("/metrics").text, failed); }));
  EXPECT_THAT(get("/metrics").text, ::testing::Not(HasSubstr("aftercommit_queue_jobs{")));
}

/// By the rows of docs/guide/metrics.md.
TEST_F(WorkerMetricsOverHttp, AreOfTheTypesAndLabelsThatTheGuideSays) {
  start({"--processes", "0"});
  tasks.insert.delay(1);
  tasks.reject.delay(2);
  eventually_dead(1);
  ASSERT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"insert\",outcome=\"done\"} 1\n"));
  const auto rows = rows_of_the_guide();
  const std::regex type{"# TYPE (\\w+) (\\w+)"};
  const std::regex series{"(\\w+?)(_bucket|_sum|_count)?\\{(.*)\\} .*"};
  const std::regex label{"(\\w+)=\""};
  std::istringstream lines{get("/metrics").text};
  std::size_t families = 0;
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, found, type)) {
      ++families;
      ASSERT_TRUE(rows.contains(found[1])) << found[1] << " stands in no row";
      EXPECT_EQ(found[2] == "histogram", rows.at(found[1]).find("| histogram: ") != std::string::npos)
          << line;
      EXPECT_EQ(found[2] == "counter", found[1].str().ends_with("_total")) << line;
    } else if (std::regex_match(line, found, series)) {
      const auto labels = found[3].str();
      for (std::sregex_iterator at{labels.begin(), labels.end(), label}, end; at != end; ++at) {
        const auto name = (*at)[1].str();
        if (name == "le") continue;
        EXPECT_THAT(rows.at(found[1]), HasSubstr("`" + name + "`")) << line;
      }
    }
  }
  EXPECT_GE(families, 25U);
}

TEST_F(WorkerMetricsOverHttp, AreWhatPromtoolTakesForMetrics) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "there is no promtool";
  start();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"insert\",outcome=\"done\"} 1\n"));
  const auto folder = support::temporary_folder("metrics");
  std::ofstream{folder / "metrics"} << get("/metrics").text;
  EXPECT_EQ(std::system(("promtool check metrics < " + (folder / "metrics").string()).c_str()), 0);
  std::filesystem::remove_all(folder);
}

TEST_F(WorkerMetricsOverHttp, GoOnWhereAProcessIsReplaced) {
  auto& worker = start({"--lease", "3600"});
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"insert\",outcome=\"done\"} 1\n"));
  ::kill(worker.children().front(), SIGKILL);
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_shows("aftercommit_jobs_total{task=\"insert\",outcome=\"done\"} 2\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_process_starts_total 2\n"));
}

TEST_F(WorkerMetricsOverHttp, TellOfAQueueThatATaskIsDeclaredForAndNobodyServes) {
  start({"--queues", "mail"});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_shows("aftercommit_queue_workers{queue=\"default\"} 0\n"));
  EXPECT_TRUE(eventually_shows("aftercommit_queue_workers{queue=\"mail\"} 1\n"));
}

TEST_F(WorkerMetricsOverHttp, AreServedNowhereElse) {
  start();
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(WorkerMetricsOverHttp, SayThatAWorkerWithAllItsQueuesPausedIsNotReady) {
  start({"--heartbeat", "0.1"});
  EXPECT_TRUE(eventually_ready(200));
  app.pause_queue("default");
  EXPECT_TRUE(eventually_ready(503));
  EXPECT_THAT(get("/readyz").text, HasSubstr("all of its queues are paused"));
  EXPECT_EQ(get("/livez").status, 200);
  app.resume_queue("default");
  EXPECT_TRUE(eventually_ready(200));
}

class WorkerMetricsWithoutRedis : public WorkerMetricsOverHttp {
 protected:
  explicit WorkerMetricsWithoutRedis(
      std::shared_ptr<support::PrivateRedis> own = std::make_shared<support::PrivateRedis>())
      : WorkerMetricsOverHttp{own->url()}, redis{std::move(own)} {}

  const std::shared_ptr<support::PrivateRedis> redis;
};

TEST_F(WorkerMetricsWithoutRedis, SayThatItLivesAndIsNotReady) {
  start({"--lease", "1"});
  ASSERT_TRUE(eventually_ready(200));
  redis->kill();
  EXPECT_TRUE(eventually_ready(503));
  EXPECT_THAT(get("/readyz").text, HasSubstr("process 1: "));
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/metrics").status, 200);
  redis->start();
  EXPECT_TRUE(eventually_ready(200));
}

class WorkerMetricsWithoutPostgres : private support::OnPrivatePostgres, public WorkerMetricsOverHttp {
 protected:
  using OnPrivatePostgres::server;
};

TEST_F(WorkerMetricsWithoutPostgres, SayThatAnIdleWorkerIsNotReady) {
  start({"--heartbeat", "0.1"});
  ASSERT_TRUE(eventually_ready(200));
  server.stop();
  EXPECT_TRUE(eventually_ready(503));
  EXPECT_THAT(get("/readyz").text, HasSubstr("process 1: none of its databases serves"));
  EXPECT_EQ(get("/livez").status, 200);
  server.start();
  EXPECT_TRUE(eventually_ready(200));
}

TEST_F(WorkerMetricsOverHttp, AreRefusedWhereThePortIsTaken) {
  const int socket = support::open_socket();
  const auto port = support::listen_on_loopback(socket);
  auto& worker = start_worker(Start{.options = {"--metrics", std::to_string(port)}, .wait = false});
  EXPECT_EQ(worker.exit_code(), 2);
  EXPECT_THAT(worker.log(),
              HasSubstr("cannot serve metrics at '" + std::to_string(port) + "': Address already in use"));
  ::close(socket);
}

/// What systemd would be.
class WorkerAsAService : public support::WorkerTest {
 protected:
  WorkerAsAService() {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (folder_ / "notify").string();
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const ::sockaddr*>(&address), sizeof address), 0);
  }
  ~WorkerAsAService() override {
    ::close(socket_);
    std::filesystem::remove_all(folder_);
  }

  WorkerProcess& start(std::vector<std::string> options,
                       std::map<std::string, std::string> environment = {}) {
    environment["NOTIFY_SOCKET"] = (folder_ / "notify").string();
    return start_worker(Start{.options = std::move(options), .environment = std::move(environment)});
  }
  /// All that was said until now, a line for each.
  const std::string& said() {
    std::array<char, 256> bytes{};
    while (true) {
      const auto size = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (size <= 0) return said_;
      said_.append(bytes.data(), static_cast<std::size_t>(size)) += '\n';
    }
  }
  bool eventually_said(const std::string& word) {
    return eventually([&] { return said().find(word) != std::string::npos; });
  }
  void forget() {
    said();
    said_.clear();
  }

 private:
  const std::filesystem::path folder_ = support::temporary_folder("notify");
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string said_;
};

TEST_F(WorkerAsAService, SaysThatItIsReadyAndAliveAndStops) {
  auto& worker = start({}, {{"WATCHDOG_USEC", "100000"}});
  EXPECT_TRUE(eventually_said("READY=1"));
  forget();
  EXPECT_TRUE(eventually_said("WATCHDOG=1"));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_THAT(said(), HasSubstr("STOPPING=1"));
}

TEST_F(WorkerAsAService, SaysTheSameWithoutASupervisor) {
  auto& worker = start({"--processes", "0"});
  EXPECT_TRUE(eventually_said("READY=1"));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_THAT(said(), HasSubstr("STOPPING=1"));
}

TEST_F(WorkerAsAService, ReplacesItsProcessesWhenItIsToReload) {
  auto& worker = start({"--processes", "2"});
  ASSERT_TRUE(eventually([&] { return worker.count("worker started") == 2; }));
  const auto before = worker.children();
  forget();
  worker.signal(SIGUSR1);
  ASSERT_TRUE(worker.says("the worker processes have been replaced"));
  EXPECT_EQ(worker.count("worker started"), 4);
  for (const auto process : worker.children()) EXPECT_EQ(std::ranges::find(before, process), before.end());
  EXPECT_THAT(said(), AllOf(HasSubstr("RELOADING=1\nMONOTONIC_USEC="), HasSubstr("READY=1")));
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

}  // namespace
}  // namespace aftercommit
