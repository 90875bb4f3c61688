#include "fault/harness/fault_fixture.hpp"

#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <random>

#include "broker/redis/wire/cluster_tags.hpp"
#include "broker/redis/wire/redis_keys.hpp"
#include "client/job_table/migrations.hpp"

namespace aftercommit::fault {
namespace {

std::filesystem::path temporary_folder() {
  std::string name = "/tmp/aftercommit-fault-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a folder in /tmp"};
  return name;
}

constexpr unsigned kClusterShards = kUsualClusterShards;

AppOptions options_of(const Site& site) {
  return {.redis_url = site.redis_url(), .databases = {{"default", {.url = site.database_url()}}}};
}

}  // namespace

std::string name_of(const ::testing::TestParamInfo<const char*>& test) {
  std::string name;
  bool capital = true;
  for (const char c : std::string_view{test.param}) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    if (letter) name += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    capital = !letter;
  }
  return name;
}

std::uint64_t choose_seed() {
  std::uint64_t seed = std::random_device{}();
  if (const char* given = std::getenv("FAULT_SEED")) {
    const std::string_view text{given};
    std::from_chars(text.data(), text.data() + text.size(), seed);
  }
  return seed;
}

// --- Site

Site::Site(std::vector<std::string> redis_options, std::optional<support::Standby> standby,
           std::size_t shards)
    : redis{redis_options}, folder{temporary_folder()} {
  while (more_redis.size() + 1 < shards) more_redis.emplace_back(redis_options);
  if (shards == kCluster) cluster.emplace(redis_options);
  ask(kTables);
  postgres.set("deadlock_timeout", "200ms");
  Database database{{.url = postgres.url()}};
  detail::migrate(database);
  if (standby) pair.emplace(postgres, *standby);
}

Site::~Site() {
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder, ignored);
}

std::string Site::redis_url() const {
  if (cluster) return cluster->url(kClusterShards);
  std::string urls;
  for (const auto* const one : all_redis()) urls += (urls.empty() ? "" : " ") + one->url();
  return urls;
}

std::vector<const support::PrivateRedis*> Site::all_redis() const {
  std::vector<const support::PrivateRedis*> all{&redis};
  for (const auto& one : more_redis) all.push_back(&one);
  return all;
}

std::map<std::string, std::string> Site::environment(std::map<std::string, std::string> more) const {
  more.emplace("REDIS_URL", redis_url());
  more.emplace("DATABASE_URL", database_url());
  more.emplace(kRunsVariable, folder / "runs");
  return more;
}

std::vector<std::string> Site::worker_command(const std::vector<std::string>& options,
                                              const std::string& library) {
  std::vector<std::string> command{AFTERCOMMIT_WORKER};
  // Each once: what a test gives replaces what is usual here.
  const std::vector<std::pair<std::string, std::string>> usual{
      {"--queues", "load,bulk"}, {"--concurrency", "4"},   {"--lease", "1.5"},
      {"--heartbeat", "0.4"},    {"--processes", "0"},     {"--relay-interval", "0.2"},
      {"--log-format", "json"},  {"--log-level", "debug"}, {"--shutdown-timeout", "10"}};
  if (!library.empty()) command.insert(command.end(), {"--app", library});
  for (const auto& [name, value] : usual) {
    if (std::ranges::find(options, name) == options.end()) command.insert(command.end(), {name, value});
  }
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

std::vector<std::string> Site::producer_command(long first, long count, long pause_ms) {
  return {AFTERCOMMIT_FAULT_PRODUCER, folder / ("intents-" + std::to_string(++intent_files_)),
          std::to_string(seed),       std::to_string(first),
          std::to_string(count),      std::to_string(pause_ms)};
}

pqxx::result Site::ask(const std::string& sql) {
  for (bool reused = onlooker_ != nullptr;; reused = false) {
    try {
      if (!onlooker_) onlooker_ = std::make_unique<pqxx::connection>(database_url());
      return pqxx::nontransaction{*onlooker_}.exec(sql);
    } catch (const std::exception&) {
      onlooker_.reset();  // the server may have been restarted since
      if (!reused) throw;
    }
  }
}

namespace {

/// The command that counts what is ready, running, delayed or aside in all queues; but for what a flow that
/// was woken has left at the end of a wait without one.  `tag`: of the shard of a cluster.
std::vector<std::string> all_jobs(const std::string& tag = {}) {
  std::vector<std::string> words{
      "EVAL",
      "local jobs = 0 "
      "local soon_ms = redis.call('TIME')[1] * 1000 + 3600000 "
      "for i = 1, #KEYS, 3 do "
      "  jobs = jobs + redis.call('XLEN', KEYS[i]) + redis.call('ZCOUNT', KEYS[i + 1], '-inf', soon_ms) "
      "    + redis.call('SCARD', KEYS[i + 2]) "
      "end "
      "return jobs",
      std::to_string(3 * std::size(kQueues))};
  for (const auto& queue : kQueues) {
    const RedisKeys keys{"ac", tag, queue};
    words.insert(words.end(), {keys.stream, keys.delayed, keys.aside});
  }
  return words;
}

}  // namespace

bool Site::idle() {
  try {
    const auto rows = [&] { return ask("SELECT count(*) FROM aftercommit.job")[0][0].as<long>(); };
    // Redis at one instant, for a job that moves could be missed in both places; the rows again, for a job on
    // its way to Redis may have been asked for by one that was there.
    const auto is_idle = [](const auto* one) { return ask_redis_number(*one, all_jobs()) == 0; };
    if (rows() != 0) return false;
    for (unsigned shard = 0; cluster && shard < kClusterShards; ++shard) {
      const auto tag = cluster_tag(shard);
      if (cluster->ask_number(cluster_slot(tag), all_jobs(tag)) != 0) return false;
    }
    return std::ranges::all_of(all_redis(), is_idle) && rows() == 0;
  } catch (const std::exception&) {
    return false;  // a server is still starting
  }
}

Evidence Site::evidence() const {
  Evidence evidence{.database_url = database_url(),
                    .intents = {},
                    .runs = folder / "runs",
                    .broker_losses = broker_losses,
                    .lossy_promotions = lossy_promotions};
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().filename().string().starts_with("intents-")) evidence.intents.push_back(entry.path());
  }
  const auto add = [&](const std::vector<std::string>& letters) {
    evidence.letters.insert(evidence.letters.end(), letters.begin(), letters.end());
  };
  for (const auto& queue : kQueues) {
    for (const auto* const one : all_redis())
      add(ask_redis_list(*one, {"ZRANGE", "ac:{" + queue + "}:dead", "0", "-1"}));
    for (unsigned shard = 0; cluster && shard < kClusterShards; ++shard) {
      const auto tag = cluster_tag(shard);
      add(cluster->ask_list(cluster_slot(tag), {"ZRANGE", RedisKeys{"ac", tag, queue}.dead, "0", "-1"}));
    }
  }
  return evidence;
}

// --- FaultTest

FaultTest::FaultTest(std::vector<std::string> redis_options, std::optional<support::Standby> standby,
                     std::size_t shards)
    : site{std::move(redis_options), standby, shards},
      app{"fault", options_of(site)},
      intents_{site.folder / "intents-0"},
      load_{tasks, intents_, site.seed} {}

FaultTest::~FaultTest() {
  // Stopped ones too; what they leave in the servers ends with these.
  for (auto& program : programs) program.signal(SIGCONT);
  programs.clear();
}

FaultTest::Worker& FaultTest::start_worker(Start start) {
  auto command = Site::worker_command(start.options, start.library);
  command.insert(command.begin(), start.before.begin(), start.before.end());
  auto& worker = programs.emplace_back(std::move(command), site.environment(std::move(start.environment)));
  if (start.wait && !worker.says("worker started")) throw std::runtime_error{"no worker: " + worker.log()};
  return worker;
}

FaultTest::Worker& FaultTest::start_doomed(const std::string& point, int nth, const std::string& how,
                                           std::vector<std::string> options) {
  return start_worker(
      {.options = std::move(options),
       .environment = {{"AFTERCOMMIT_FAIL_POINT", point + ":" + how + "@" + std::to_string(nth)}},
       .wait = false});
}

FaultTest::Worker& FaultTest::start_relay(Start start) {
  start.options.push_back("--relay-only");
  start.library.clear();
  return start_worker(std::move(start));
}

FaultTest::Worker& FaultTest::start_producer(long first, long count,
                                             std::map<std::string, std::string> environment,
                                             std::vector<std::string> before, long pause_ms) {
  auto command = site.producer_command(first, count, pause_ms);
  command.insert(command.begin(), before.begin(), before.end());
  return programs.emplace_back(std::move(command), site.environment(std::move(environment)));
}

void FaultTest::produce(long count) {
  for (const long end = next_ + count; next_ < end; ++next_) load_.produce(next_);
}

Outcome FaultTest::transact(const std::function<void(Transaction&, Intent&)>& body, bool commits) {
  return load_.transact(next_++, commits, body);
}

std::string FaultTest::enqueue_one(long slot) {
  std::string id;
  transact([&](Transaction&, Intent& intent) { id = ask(intent, tasks.ok, {}, slot).id; });
  return id;
}

long FaultTest::count(const std::string& sql) { return site.ask(sql)[0][0].as<long>(); }

std::vector<std::string> FaultTest::runs_of(const std::string& job) {
  std::vector<std::string> runs;
  std::ifstream file{site.folder / "runs"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(job + " ")) runs.push_back(line);
  }
  return runs;
}

pid_t FaultTest::eventually_stopped() {
  siginfo_t info{};
  eventually(
      [&] { return ::waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0; });
  return info.si_pid;
}

bool FaultTest::eventually_blocked_on_advisory_lock(long sessions) {
  return eventually([&] {
    return count(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = "
               "'advisory'") >= sessions;
  });
}

Findings FaultTest::settle(std::chrono::milliseconds deadline) {
  const bool idle = eventually([&] { return site.idle(); }, deadline);
  auto findings = check(site.evidence());
  if (!idle && findings.left_over.empty()) findings.left_over.push_back("jobs in Redis that nobody runs");
  return findings;
}

void FaultTest::expect_promises_kept(std::chrono::milliseconds deadline) {
  const auto findings = settle(deadline);
  EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  for (const auto& queue : kQueues) {
    for (const auto* const one : site.all_redis()) {
      EXPECT_EQ(ask_redis_number(*one, {"SCARD", "ac:{" + queue + "}:durable"}), 0)
          << "ids of jobs that are done keep their place in queue " << queue;
      EXPECT_EQ(ask_redis_number(*one, {"ZCARD", "ac:{" + queue + "}:dead"}), 0) << queue;
    }
    for (unsigned shard = 0; site.cluster && shard < kClusterShards; ++shard) {
      const RedisKeys keys{"ac", cluster_tag(shard), queue};
      const auto slot = cluster_slot(cluster_tag(shard));
      EXPECT_EQ(site.cluster->ask_number(slot, {"SCARD", keys.durable}), 0) << keys.durable;
      EXPECT_EQ(site.cluster->ask_number(slot, {"ZCARD", keys.dead}), 0) << keys.dead;
    }
  }
}

// --- HeldKey

struct HeldKey::Connection {
  explicit Connection(const std::string& url) : connection{url}, session{connection} {}
  pqxx::connection connection;
  pqxx::nontransaction session;
};

HeldKey::HeldKey(const std::string& database_url, long key)
    : connection_{std::make_unique<Connection>(database_url)} {
  connection_->session.exec("SELECT pg_advisory_lock(" + std::to_string(key) + ")");
}

HeldKey::~HeldKey() = default;

void HeldKey::release() { connection_.reset(); }

}  // namespace aftercommit::fault
