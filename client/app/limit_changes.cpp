#include "client/app/limit_changes.hpp"

#include <exception>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/app/limit_rules.hpp"
#include "client/job_table/limits.hpp"
#include "client/job_table/migrations.hpp"

namespace aftercommit {
namespace detail {

LimitChange change_limit(AppCore& app, const std::string& name, std::optional<int> most) {
  const auto shown = "limit '" + in_one_line(name, 100) + "'";
  if (most && (*most < 0 || *most > kMostOfALimit)) {
    throw UsageError{"cannot set " + shown + " to " + std::to_string(*most) +
                     ": it is from 0, with which no job begins, to " + std::to_string(kMostOfALimit)};
  }
  if (app.databases().empty())
    throw UsageError{"cannot change " + shown + ": limits are kept in a database, and this app has none"};
  LimitChange change;
  std::exception_ptr too_old;
  bool any_new = false;
  for (const auto& [alias, database] : app.databases()) {
    try {
      require_schema(*database, kLimitSchema, "changing a limit");
    } catch (const ConfigError&) {
      too_old = std::current_exception();
      continue;
    }
    any_new = true;
    const auto changed = change_limit(*database, name, most);
    if (!changed) continue;
    change.changed |= *changed;
    change.places.push_back(alias);
  }
  if (!any_new) std::rethrow_exception(too_old);
  if (change.places.empty()) {
    throw UsageError{
        "there is no " + shown +
        ": workers enter the limits of their tasks and queues when they start; `aftercommit limits "
        "list` shows those that are there"};
  }
  return change;
}

}  // namespace detail

void App::limit_queue(const std::string& queue, const Limit& limit) {
  core_->limits().add_queue(queue, limit);
}
bool App::set_limit(const std::string& name, int most) const {
  return detail::change_limit(*core_, name, most).changed;
}
bool App::reset_limit(const std::string& name) const {
  return detail::change_limit(*core_, name, std::nullopt).changed;
}

}  // namespace aftercommit
