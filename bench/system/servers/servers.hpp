/// What the benchmarks ask the servers beside the library.
#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <string>

namespace aftercommit::bench {

/// REDIS_URL and DATABASE_URL; std::runtime_error where one is not set.
std::string redis_url();
std::string database_url();

/// One statement by itself.
pqxx::result sql(const std::string& statement);
/// Makes the tables of durable jobs and the table that the tasks insert into.
void make_tables();

/// Bytes that the data of Redis takes, its own overheads included: used_memory.
std::int64_t redis_memory();
void empty_redis();
/// Worker processes that have come to this queue.
std::int64_t lease_count(const std::string& queue);

}  // namespace aftercommit::bench
