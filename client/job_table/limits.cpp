#include "client/job_table/limits.hpp"

#include <exception>
#include <nlohmann/json.hpp>
#include <pqxx/result>

#include "base/epoch_ms.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

std::optional<milliseconds> ms_in(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional{milliseconds{field.as<std::int64_t>()}};
}

/// As find_room.sql and take_tokens.sql read them.
std::string as_json(std::span<const LimitOfKey> limits) {
  auto all = json::array();
  for (const auto& [limit, key] : limits) {
    all.push_back(
        {limit.name, key, limit.most, limit.per ? json(limit.per->count()) : json(nullptr), limit.burst});
  }
  return all.dump();
}

}  // namespace

void declare_limits(Database& database, std::span<const DeclaredLimit> limits) {
  auto all = json::array();
  for (const auto& limit : limits) {
    auto one = json::object();
    one["name"] = limit.name;
    one["kind"] = limit.per ? "rate" : "concurrency";
    one["most"] = limit.most;
    one["per_key"] = limit.per_key;
    if (limit.per) {
      one["per_ms"] = limit.per->count();
      one["burst"] = limit.burst;
    }
    all.push_back(std::move(one));
  }
  database.exec(statements_of(database).declare_limits, all.dump());
}

std::vector<LimitRow> find_limits(Database& database) {
  std::vector<LimitRow> found;
  for (const auto& row : database.exec(statements_of(database).find_limits)) {
    LimitRow limit;
    limit.name = row[0].as<std::string>();
    limit.most = row[2].as<int>();
    limit.declared_most = row[3].as<int>();
    limit.per = ms_in(row[4]);
    limit.burst = row[5].as<int>(0);
    limit.per_key = row[6].as<bool>();
    if (const auto changed = ms_in(row[7])) limit.changed_at = from_epoch_ms(changed->count());
    found.push_back(std::move(limit));
  }
  return found;
}

std::optional<bool> change_limit(Database& database, const std::string& name, std::optional<int> most) {
  const auto rows = database.exec(statements_of(database).change_limit, name, most);
  return rows.empty() ? std::nullopt : std::optional{rows[0][0].as<bool>()};
}

std::string places_of(std::span<const LimitOfKey> limits) {
  auto all = json::array();
  for (const auto& [limit, key] : limits) all.push_back({limit.name, key, limit.most});
  return all.dump();
}

Token take_tokens(Database& database, std::span<const LimitOfKey> rates,
                  std::optional<std::chrono::system_clock::time_point> told_for) {
  constexpr int kTries = 5;
  const auto text = as_json(rates);
  std::optional<std::int64_t> told_ms;
  if (told_for) told_ms = epoch_ms(*told_for);
  for (int tries = 1;; ++tries) {
    try {
      const auto row = database.exec(statements_of(database).take_rates, text, told_ms)[0];
      const auto wait = ms_in(row[0]);
      if (wait && wait->count() == 0) return {.granted = true};
      Token token{.which = row[1].as<std::size_t>() - 1, .wait = wait};
      if (wait) token.turn = from_epoch_ms(row[2].as<std::int64_t>());
      return token;
    } catch (const std::exception& error) {
      // Where transactions are serializable by default two who ask at once may meet.
      if (tries == kTries || sqlstate_of(error) != "40001") throw;
    }
  }
}

std::vector<std::size_t> find_room(Database& database, std::span<const LimitOfKey> limits) {
  std::vector<std::size_t> room;
  for (const auto& row : database.exec(statements_of(database).find_room, as_json(limits))) {
    room.push_back(row[1].as<std::size_t>());
  }
  return room;
}

std::size_t purge_rates(Database& database) {
  return database.exec(statements_of(database).purge_rates)[0][0].as<std::size_t>();
}

}  // namespace aftercommit::detail
