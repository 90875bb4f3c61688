#include "operate/letters.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/job_table/columns.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::microseconds;

DeadJob dead_of_row(const std::string& alias, const pqxx::row& row) {
  return dead_job(alias, detail::id_of(row[3]), row[4].as<std::string>(),
                  detail::from_epoch_us(row[5].as<std::int64_t>()), row[6].as<std::string>());
}

}  // namespace

std::string DeathPlace::str() const {
  return std::to_string(std::chrono::floor<microseconds>(died_at.time_since_epoch()).count()) + ':' + id;
}

DeathPlace DeathPlace::parse(std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto digits = text.substr(0, colon);
  std::int64_t us = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), us);
  DeathPlace place{.died_at = detail::from_epoch_us(us),
                   .id = std::string{text.substr(std::min(colon + 1, text.size()))}};
  const bool right = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
  if (right && (JobId::parse(place.id) || is_letter_handle(place.id))) return place;
  throw UsageError{"'" + in_one_line(text, 100) +
                   "' is no place among dead jobs to go on from: give `next` of the page before"};
}

DeathPlace place_of(const DeadJob& dead) { return {.died_at = dead.died_at, .id = dead.id}; }

LetterSlice find_letters(const Store& store, const LettersWanted& wanted,
                         const std::optional<DeathPlace>& after) {
  const auto& filter = wanted.filter;
  std::optional<std::chrono::system_clock::time_point> died_at;
  std::optional<std::string> id;
  if (after) {
    died_at = after->died_at;
    // A handle sorts behind all ids: of its moment all of them come after it.
    id = is_letter_handle(after->id) ? "ffffffff-ffff-ffff-ffff-ffffffffffff" : after->id;
  }
  const auto error = filter.error_in_sql();
  const auto text = error.empty() ? filter.argument_in_sql() : error;
  const auto sql = detail::in_schema(operate_sql::find_letters, store.database.options().schema);
  LetterSlice slice;
  look_briefly(store.database, wanted.longest, [&] {
    const auto rows =
        store.database.exec(sql, wanted.look_at, filter.queue, died_at, id, filter.since, filter.before,
                            filter.task, text, wanted.most, wanted.without_letters);
    slice.looked_at = rows[0][0].as<std::size_t>();
    for (const auto& row : rows) {
      if (!row[3].is_null()) slice.dead.push_back(dead_of_row(store.alias, row));
    }
    if (slice.dead.size() == wanted.most && wanted.most > 0) {
      slice.next = place_of(slice.dead.back());
    } else if (slice.looked_at == wanted.look_at) {
      slice.next = DeathPlace{.died_at = detail::from_epoch_us(rows[0][1].as<std::int64_t>()),
                              .id = rows[0][2].as<std::string>()};
    }
  });
  return slice;
}

bool matches_text(const JobFilter& filter, const DeadJob& dead) {
  if (!filter.has_text()) return true;
  if (const auto* const job = dead.job()) return filter.matches_text(*job, dead.reason());
  return filter.task.empty() && filter.argument.empty() &&
         dead.reason().find(filter.error) != std::string::npos;
}

}  // namespace aftercommit::operate
