#include "operate/limits.hpp"

#include <utility>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "client/job_table/migrations.hpp"
#include "operate/look.hpp"

namespace aftercommit::operate {

std::vector<KnownLimit> limits(Servers& servers) {
  if (servers.stores().empty())
    throw UsageError{"limits are kept in a database: give --database postgresql://..., or set DATABASE_URL"};
  std::vector<KnownLimit> all;
  for (const auto& store : servers.stores()) {
    detail::require_schema(store.database, detail::kLimitSchema, "a look at limits");
    look_briefly(store.database, LookBounds{}.statement, [&] {
      for (auto& row : detail::find_limits(store.database)) {
        all.push_back({.database = store.alias, .row = std::move(row)});
      }
    });
  }
  return all;
}

detail::LimitChange change_limit(Servers& servers, const std::string& name, std::optional<int> most) {
  return detail::change_limit(servers.app().core(), name, most);
}

Json in_json(const std::vector<KnownLimit>& limits) {
  Json list = Json::array();
  for (const auto& [database, row] : limits) {
    list.push_back({{"name", row.name},
                    {"database", database},
                    {"kind", row.is_rate() ? "rate" : "concurrency"},
                    {"most", row.most},
                    {"declared", row.declared_most},
                    {"per_ms", row.per ? Json(row.per->count()) : Json(nullptr)},
                    {"burst", row.is_rate() ? Json(row.burst) : Json(nullptr)},
                    {"per_key", row.per_key},
                    {"changed_at", row.changed_at ? Json(utc(*row.changed_at)) : Json(nullptr)}});
  }
  return {{"limits", std::move(list)}};
}

}  // namespace aftercommit::operate
