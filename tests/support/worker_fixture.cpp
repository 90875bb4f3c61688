#include "support/worker_fixture.hpp"

#include <algorithm>
#include <functional>
#include <pqxx/pqxx>
#include <utility>

#include "client/migrations.hpp"

namespace aftercommit::support {
namespace {

constexpr const char* kTables = R"(
  CREATE TABLE orders(id bigint PRIMARY KEY);
  CREATE TABLE effect(id bigserial, job_id text, value bigint, attempt int);
  CREATE TABLE journal(id bigserial, job_id text, task text, attempt int, note text,
                       at double precision DEFAULT extract(epoch FROM clock_timestamp()));
  CREATE SEQUENCE tries;
)";

}  // namespace

WorkerTest::WorkerTest(std::string redis) : redis_url{std::move(redis)} {
  app.database().exec(kTables);
  detail::migrate(app.database());
}

WorkerTest::~WorkerTest() {
  workers.clear();
  // A statement outlives the worker it was killed with, and its locks would keep the schema from being
  // dropped.
  pqxx::connection connection{support::database_url()};
  pqxx::nontransaction session{connection};
  session.exec(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE pid <> pg_backend_pid() AND relation IN "
      "(SELECT oid FROM pg_class WHERE relnamespace = '" +
      schema.name() + "'::regnamespace)");
}

WorkerProcess& WorkerTest::start_worker(Start start) {
  std::vector<std::string> command{
      AFTERCOMMIT_WORKER, "--app",       start.library,  "--redis", redis_url,     "--database", database_url,
      "--schema",         schema.name(), "--log-format", "json",    "--log-level", "debug"};
  std::ranges::move(start.options, std::back_inserter(command));
  auto& worker = workers.emplace_back(std::move(command), std::move(start.environment));
  if (start.wait && !worker.says("worker started"))
    throw std::runtime_error{"no worker started: " + worker.log()};
  return worker;
}

std::vector<long> WorkerTest::effects_in_order() {
  std::vector<long> values;
  for (const auto& row : app.database().exec("SELECT value FROM effect ORDER BY id")) {
    values.push_back(row[0].as<long>());
  }
  return values;
}

std::vector<long> WorkerTest::effects() {
  auto values = effects_in_order();
  std::ranges::sort(values);
  return values;
}

std::vector<Note> WorkerTest::notes() {
  std::vector<Note> notes;
  for (const auto& row :
       app.database().exec("SELECT job_id, task, attempt, note, at FROM journal ORDER BY id")) {
    notes.push_back({row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<int>(),
                     row[3].as<std::string>(), row[4].as<double>()});
  }
  return notes;
}

std::vector<Note> WorkerTest::notes(const JobId& job) {
  auto found = notes();
  std::erase_if(found, [&](const Note& note) { return note.job_id != job.str(); });
  return found;
}

std::size_t WorkerTest::starts(const JobId& job) {
  return static_cast<std::size_t>(std::ranges::count(notes(job), "started", &Note::text));
}

std::size_t WorkerTest::starts() {
  return static_cast<std::size_t>(std::ranges::count(notes(), "started", &Note::text));
}

double WorkerTest::database_time() {
  return app.database()
      .exec("SELECT extract(epoch FROM clock_timestamp())::double precision")[0][0]
      .as<double>();
}

std::vector<DeadLetter> WorkerTest::eventually_dead(std::size_t count, const Queue& queue) {
  std::vector<std::pair<std::chrono::system_clock::time_point, std::string>> found;
  eventually([&] {
    found.clear();
    for (auto& entry : broker->dead_letters(queue, 0, count + 1))
      found.emplace_back(entry.died_at, entry.letter);
    for (auto& row : table.dead(queue, count + 1)) found.emplace_back(row.died_at, row.letter);
    return found.size() >= count;
  });
  EXPECT_EQ(found.size(), count);
  std::ranges::sort(found, std::greater{});
  std::vector<DeadLetter> letters;
  for (const auto& [died_at, text] : found) {
    const auto letter = decode_dead_letter(text);
    if (const auto* malformed = std::get_if<Malformed>(&letter)) ADD_FAILURE() << malformed->reason;
    if (const auto* good = std::get_if<DeadLetter>(&letter)) letters.push_back(*good);
  }
  // A test goes on to look inside; better an exception than a crash.
  if (letters.size() != count) throw std::runtime_error{"the dead letters did not come"};
  return letters;
}

bool WorkerTest::eventually_empty(const Queue& queue) {
  return eventually([&] {
    const auto counts = broker->counts(queue);
    return counts.ready == 0 && counts.running == 0 && counts.delayed == 0;
  });
}

void WorkerTest::enqueue_raw(const std::string& payload, const Queue& queue) {
  const Outgoing job{.queue = queue, .payload = payload};
  broker->enqueue({&job, 1}, std::chrono::seconds{2});
}

struct HeldLock::Connection {
  explicit Connection(const std::string& url) : connection{url}, session{connection} {}
  pqxx::connection connection;
  pqxx::nontransaction session;
};

HeldLock::HeldLock(const std::string& database_url, long key)
    : connection_{std::make_unique<Connection>(database_url)} {
  connection_->session.exec("SELECT pg_advisory_lock(" + std::to_string(key) + ")");
}

HeldLock::~HeldLock() = default;

void HeldLock::release() { connection_.reset(); }

}  // namespace aftercommit::support
