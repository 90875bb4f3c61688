#include "operate/job_rows.hpp"

#include <array>

#include "client/job_table/columns.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

/// The texts of its places: range, order, reverse.
std::string statement(const Store& store, bool one_queue, bool oldest_first) {
  const std::string range =
      one_queue
          ? (oldest_first ? "queue = $4::text AND xact > '0' AND (xact, id) > (coalesce($2::xid8, '0'), "
                            "coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))"
                          : "queue = $4::text AND xact > '0' AND (xact, id) < (coalesce($2::xid8, "
                            "'18446744073709551615'), "
                            "coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))")
          : (oldest_first ? "id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')"
                          : "id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')") +
                std::string{" AND ($2::text IS NULL OR $4::text IS NULL OR true)"};
  const auto by = [&](bool ascending) {
    const std::string direction = ascending ? "" : " DESC";
    return one_queue ? "xact" + direction + ", id" + direction : "id" + direction;
  };
  const detail::SqlTemplate text{detail::in_schema(operate_sql::find_rows, store.database.options().schema)};
  std::string sql;
  text.append_to(sql, std::array{range, by(oldest_first), by(!oldest_first)});
  return sql;
}

std::string in_array(const std::set<Queue>& queues) {
  std::string text = "{";
  for (const auto& queue : queues) text.append(text.size() > 1 ? ",\"" : "\"").append(queue).append("\"");
  return text + "}";
}

SeenRow seen_row(const pqxx::row& row) {
  SeenRow seen{.id = detail::id_of(row[3]),
               .queue = row[4].as<std::string>(),
               .attempt = row[5].as<int>(),
               .xact = row[7].as<std::string>(),
               .enqueued_at = detail::from_epoch_us(row[8].as<std::int64_t>()),
               .envelope = row[9].as<std::string>(),
               .state = standing_of(row[12].as<std::string>()).value_or(JobStanding::kReady)};
  if (!row[6].is_null()) seen.due_at = detail::from_epoch_us(row[6].as<std::int64_t>());
  if (!row[10].is_null()) seen.worker = row[10].as<std::string>();
  if (!row[11].is_null()) seen.running_since = detail::from_epoch_us(row[11].as<std::int64_t>());
  return seen;
}

}  // namespace

RowSlice find_rows(const Store& store, const RowsWanted& wanted, const std::optional<RowPlace>& after) {
  const auto& filter = wanted.filter;
  const bool one_queue = !filter.queue.empty();
  std::optional<std::string> xact;
  std::optional<std::string> id;
  if (after) id = after->id;
  if (after && one_queue) xact = after->xact;
  const std::string state{filter.state ? word(*filter.state) : std::string_view{}};
  const auto sql = statement(store, one_queue, wanted.oldest_first);
  RowSlice slice;
  look_briefly(store.database, wanted.longest, [&] {
    const auto rows = store.database.exec(sql, wanted.look_at, xact, id, filter.queue, filter.task,
                                          filter.argument_in_sql(), filter.error_in_sql(), state,
                                          filter.since, filter.before, in_array(wanted.paused), wanted.most);
    slice.looked_at = rows[0][0].as<std::size_t>();
    for (const auto& row : rows) {
      if (!row[3].is_null()) slice.rows.push_back(seen_row(row));
    }
    if (slice.rows.size() == wanted.most && wanted.most > 0) {  // there may be more among those looked at
      slice.next = RowPlace{.xact = slice.rows.back().xact, .id = slice.rows.back().id.str()};
    } else if (slice.looked_at == wanted.look_at) {
      slice.next = RowPlace{.xact = rows[0][1].as<std::string>(), .id = rows[0][2].as<std::string>()};
    }
  });
  return slice;
}

}  // namespace aftercommit::operate
