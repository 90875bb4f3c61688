#include "operate/homes.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/job_table/home.hpp"

namespace aftercommit::operate {
namespace {

constexpr std::size_t kPlaceShown = 200;

/// A database as it says of itself, and an app that has served the queue from there; empty: none has.
struct SeenHome {
  HomeDatabase home;
  std::string app;
};

std::string in_words(const HomeDatabase& database) {
  return "'" + in_one_line(database.alias, 64) + "' (" + in_one_line(database.where, kPlaceShown) +
         (database.instance.empty() ? "" : ", " + in_one_line(database.instance, kPlaceShown)) + ")";
}

/// Under whatever alias; an instance that nobody has told may be any.
bool is_the_same(const HomeDatabase& one, const HomeDatabase& other) {
  const bool may_be = one.instance.empty() || other.instance.empty() || one.instance == other.instance;
  return one.token == other.token && may_be;
}

/// Why a database is not the home of a queue; empty: nothing says that it is not.
std::string why_not_home(const SeenHome& seen, const std::vector<HomeDatabase>& known) {
  const auto& here = seen.home;
  const auto& app = seen.app;
  if (known.empty()) {
    return app.empty() ? ""
                       : "this Redis knows nobody who has served it, though app '" + in_one_line(app, 64) +
                             "' has, from database " + in_words(here) +
                             ": it is another Redis, or has lost its data since";
  }
  const auto said = std::ranges::find(known, here.alias, &HomeDatabase::alias);
  if (said != known.end()) {
    if (is_the_same(*said, here)) return {};
    return "it holds jobs of another database: " + in_words(*said) + " for those who have served it, and " +
           in_words(here) + " here";
  }
  if (std::ranges::any_of(known, [&](const auto& one) { return is_the_same(one, here); })) return {};
  return "it holds jobs of database " + in_words(known.front()) + (known.size() > 1 ? " and others" : "") +
         ", and nobody has served it from " + in_words(here);
}

}  // namespace

Adoption adopt(Servers& servers, const Queue& queue) {
  HomeClaim claim{.adopt = true};
  std::set<Queue> queues;
  const bool all = queue.empty();
  if (!all) queues.insert(queue);
  for (auto& store : servers.stores()) {
    claim.databases.push_back(detail::read_home(store.database));
    if (!all) continue;
    for (const auto& counts : store.table.counts()) queues.insert(counts.queue);
  }
  auto& broker = servers.broker();
  if (all) {
    for (auto& known : broker.queues()) queues.insert(std::move(known));
  }
  Adoption adoption{.queues = {queues.begin(), queues.end()}, .databases = claim.databases};
  for (auto& store : servers.stores()) detail::forget_apps(store.database, adoption.queues);
  broker.claim_home(claim, adoption.queues);
  return adoption;
}

std::set<std::string> require_home(Servers& servers, const Queue& queue) {
  std::vector<SeenHome> seen;
  std::vector<HomeDatabase> known;
  const auto answers = servers.look_at_each(
      [&](const Store& store) {
        const auto apps = detail::find_other_apps(store.database, HomeClaim{}, {&queue, 1});
        seen.push_back(
            {.home = detail::read_home(store.database), .app = apps.empty() ? "" : apps.front().name});
      },
      [&](Browsing&) { known = servers.broker().home_of(queue); });
  if (const auto away = std::ranges::find_if(answers.outages, &Outage::is_redis);
      away != answers.outages.end()) {
    throw BrokerUnavailable{"cannot ask whose queue '" + queue + "' is: " + away->error};
  }
  std::set<std::string> aliases;
  for (const auto& one : seen) {
    // Without Redis rows of a queue are nowhere else than where they are.
    if (const auto why = answers.no_redis ? "" : why_not_home(one, known); !why.empty()) {
      throw UsageError{
          "the rows of queue '" + queue + "' stay: " + why +
          ".  Mend the URL of Redis or of the database, or take only the right one of several by "
          "--database ALIAS; if its jobs are really there, say so first by "
          "`aftercommit adopt --queue " +
          queue + "`, with the servers of this command"};
    }
    aliases.insert(one.home.alias);
  }
  return aliases;
}

}  // namespace aftercommit::operate
