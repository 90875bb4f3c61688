#include "operate/glance.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::milliseconds;

/// Rows of each queue that are counted: of all together no more than some tens of thousands.
std::int64_t bound_for(std::size_t queues) {
  constexpr std::int64_t kTogether = 20'000;
  constexpr std::int64_t kLeast = 100;
  return std::clamp(kTogether / std::max<std::int64_t>(static_cast<std::int64_t>(queues), 1), kLeast,
                    kGlanceBound);
}

Sized sized(const pqxx::row& row, std::int64_t bound) {
  const auto counted = row[1].as<std::int64_t>();
  if (counted < bound) return {.jobs = counted};
  if (row[2].is_null()) return {.jobs = counted, .at_least = true};
  return {.jobs = std::max(counted, row[2].as<std::int64_t>()), .is_estimate = true};
}

std::string with_shares(std::string_view sql, const std::string& table, const std::string& schema) {
  std::string shares, whole;
  detail::SqlTemplate{detail::in_schema(operate_sql::queue_shares, schema)}.append_to(
      shares, std::array{detail::literal(table)});
  detail::SqlTemplate{detail::in_schema(sql, schema)}.append_to(whole, std::array{std::move(shares)});
  return whole;
}

void look_at_rows(const Store& store, std::int64_t bound, Glance& glance) {
  auto& database = store.database;
  database.exec(operate_sql::use_indexes);
  const auto ask = [&](std::string_view sql, const std::string& table) {
    return database.exec(with_shares(sql, table, database.options().schema), bound);
  };
  for (const auto& row : ask(operate_sql::glance_dead, "dead")) {
    auto& queue = glance.queues[row[0].as<std::string>()];
    queue.dead_rows = sum(queue.dead_rows, sized(row, bound));
    queue.died_lately += row[3].as<std::int64_t>();
  }
  for (const auto& row : ask(operate_sql::glance_jobs, "job")) {
    auto& queue = glance.queues[row[0].as<std::string>()];
    queue.durable = sum(queue.durable, sized(row, bound));
    if (row[3].is_null()) continue;
    queue.oldest_durable =
        std::max(queue.oldest_durable,
                 std::optional{milliseconds{std::max<std::int64_t>(row[3].as<std::int64_t>(), 0)}});
  }
  if (detail::schema_version(database) < detail::kPauseSchema) return;
  for (const auto& paused : detail::find_paused(database))
    glance.queues[paused.queue].paused_there = paused.since;
}

}  // namespace

Sized sum(const Sized& one, const Sized& other) {
  return {.jobs = one.jobs + other.jobs,
          .at_least = one.at_least || other.at_least,
          .is_estimate = one.is_estimate || other.is_estimate};
}

Glance glance(Servers& servers, std::span<const Queue> queues) {
  Glance glance;
  const auto bound = bound_for(queues.size());
  glance.answers = servers.look_at_each(
      [&](const Store& store) {
        Glance rows;  // none of them counts where the database goes away in the middle
        look_briefly(store.database, kGlanceTimeout, [&] { look_at_rows(store, bound, rows); });
        for (const auto& [name, found] : rows.queues) {
          auto& queue = glance.queues[name];
          queue.dead_rows = sum(queue.dead_rows, found.dead_rows);
          queue.durable = sum(queue.durable, found.durable);
          queue.oldest_durable = std::max(queue.oldest_durable, found.oldest_durable);
          queue.died_lately += found.died_lately;
          if (!queue.paused_there) queue.paused_there = found.paused_there;
        }
      },
      [&](Browsing& redis) {
        std::map<Queue, QueueCounts> all;
        glance.looked_at = std::chrono::steady_clock::now();
        for (const auto& queue : queues) all.emplace(queue, redis.counts(queue));
        for (auto& [name, counts] : all) glance.queues[name].redis = std::move(counts);
      });
  return glance;
}

}  // namespace aftercommit::operate
