#include "bench/system/servers/servers.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "bench/system/tasks/tasks.hpp"
#include "broker/redis/wire/redis_session.hpp"
#include "client/job_table/migrations.hpp"

namespace aftercommit::bench {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr)
    throw std::runtime_error{std::string{name} + " is not set: run beside scripts/devstack"};
  return value;
}

Reply ask_redis(std::string_view command, std::string_view word) {
  RedisSession session{parse_redis_url(redis_url())};
  RedisPipeline commands;
  commands.add(command, word);
  auto replies = session.ask(commands, std::chrono::steady_clock::now() + std::chrono::seconds{30});
  return std::move(replies.front());
}

}  // namespace

std::string redis_url() { return from_environment("REDIS_URL"); }
std::string database_url() { return from_environment("DATABASE_URL"); }

pqxx::result sql(const std::string& statement) {
  pqxx::connection connection{database_url()};
  pqxx::nontransaction work{connection};
  return work.exec(statement);
}

void make_tables() {
  detail::migrate(app().database());
  sql("CREATE TABLE bench_effect(id bigint, name text, at timestamptz DEFAULT clock_timestamp())");
}

std::int64_t redis_memory() {
  const auto reply = ask_redis("INFO", "memory");
  const auto info = text(*reply);
  constexpr std::string_view kName = "used_memory:";
  return std::stoll(std::string{info.substr(info.find(kName) + kName.size())});
}

void empty_redis() { ask_redis("FLUSHALL", "SYNC"); }

std::int64_t lease_count(const std::string& queue) {
  return ask_redis("ZCARD", RedisKeys{parse_redis_url(redis_url()).prefix, queue}.workers)->integer;
}

}  // namespace aftercommit::bench
