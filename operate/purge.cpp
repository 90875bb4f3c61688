#include "operate/purge.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/cancellations.hpp"
#include "client/job_table/columns.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/homes.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

class Purge {
 public:
  Purge(Servers& servers, Queue queue, bool durable, const ChangeOptions& options)
      : servers_{servers}, queue_{std::move(queue)}, durable_{durable}, options_{options} {}

  PurgeReport run() {
    if (durable_) homes_ = require_home(servers_, queue_);
    report_.answers = servers_.look_at_each(
        [&](const Store& store) {
          if (durable_) purge_rows(store);
          stores_[store.alias] = &store;
        },
        [&](Browsing& redis) { purge_redis(redis); });
    return std::move(report_);
  }

 private:
  void purge_rows(const Store& store) {
    auto& database = store.database;
    if (!homes_.contains(store.alias)) {
      throw DatabaseUnavailable{"database '" + store.alias +
                                "' did not answer when it was asked whose the queue is"};
    }
    const auto sql = statement(database);
    const auto begun = database.exec("SELECT pg_catalog.clock_timestamp()")[0][0].as<std::string>();
    std::optional<std::string> xact, id;
    while (goes_on()) {
      const auto rows = database.exec(sql, queue_, xact, id, begun);
      report_.rows += rows[0][0].as<std::size_t>();
      if (rows[0][1].is_null()) return;
      xact = rows[0][1].as<std::string>();
      id = rows[0][2].as<std::string>();
      tell();
    }
  }

  /// What is deleted is remembered among the cancelled jobs, where the tables have these.
  static std::string statement(Database& database) {
    const auto& schema = database.options().schema;
    std::string sql;
    detail::SqlTemplate{detail::in_schema(operate_sql::purge_rows, schema)}.append_to(
        sql, std::array{detail::has_cancellations(database)
                            ? detail::in_schema(operate_sql::remember_purged, schema)
                            : std::string{}});
    return sql;
  }

  void purge_redis(Browsing& redis) {
    const auto counts = redis.counts(queue_);
    room_ =
        static_cast<std::size_t>(std::max<std::int64_t>(counts.ready + counts.delayed, 0)) + kMoreThanCounted;
    for (const auto part : {JobPart::kReady, JobPart::kDelayed, JobPart::kAside}) {
      std::size_t stay = 0;
      for (int pass = 0; pass < kPasses; ++pass) {
        stay = 0;
        if (!walk(redis, part, stay)) break;
      }
      report_.stay += stay;
    }
  }

  /// True: of some pages a part has gone, so that those behind may have been passed over.
  bool walk(Browsing& redis, JobPart part, std::size_t& stay) {
    bool moved = false;
    std::string at;  // where the page begins
    while (room_ > 0 && goes_on()) {
      auto page = redis.jobs(queue_, part, at, kAtOnce);
      const auto gone = remove(redis, page.jobs, stay);
      room_ -= std::min(room_, gone);
      tell();
      if (gone > 0 && gone == page.jobs.size()) continue;  // what follows begins there now
      moved |= gone > 0 && part != JobPart::kReady;
      if (page.next.empty()) break;
      at = std::move(page.next);
    }
    return moved;
  }

  std::size_t remove(Browsing& redis, const std::vector<JobEntry>& entries, std::size_t& stay) {
    struct Durable {
      std::size_t place;
      JobId id;
    };
    std::map<std::string, std::vector<Durable>> of_database;  // by alias
    std::set<std::size_t> kept;
    std::vector<std::optional<JobId>> ids(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto decoded = decode(entries[i].payload, kSizeLimit);
      const auto* const job = std::get_if<Envelope>(&decoded);
      if (job == nullptr || !job->durable) continue;
      ids[i] = job->id;
      kept.insert(i);
      of_database[alias_of(*job)].push_back({i, job->id});
    }
    if (durable_) {
      for (const auto& [alias, jobs] : of_database) {
        const auto store = stores_.find(alias);
        if (store == stores_.end()) continue;
        std::vector<JobId> asked;
        for (const auto& job : jobs) asked.push_back(job.id);
        const auto with_row = rows_among(*store->second, asked);
        for (const auto& job : jobs) {
          if (!with_row.contains(job.id)) kept.erase(job.place);
        }
      }
    }
    stay += kept.size();
    std::vector<JobEntry> leave;
    std::vector<std::optional<JobId>> forgotten;
    std::size_t copies = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (kept.contains(i)) continue;
      leave.push_back(entries[i]);
      forgotten.push_back(ids[i]);
      copies += ids[i] ? 1 : 0;
    }
    const auto gone = redis.remove_jobs(queue_, leave, forgotten);
    // One that a worker has fetched meanwhile is as likely to be of the one kind as of the other.
    const auto gone_copies = std::min(copies, gone);
    report_.copies += gone_copies;
    report_.removed += gone - gone_copies;
    return gone;
  }

  /// By which the workers know its database.  One that names none is in their default one, which need not be
  /// that of this command: unless it is called so, its rows are not looked for in another, and what Redis has
  /// of it stays.  A worker skips that where the row is gone; deleted, no relay would bring it again.
  static std::string alias_of(const Envelope& job) {
    return job.database.empty() ? std::string{defaults::kDatabase} : job.database;
  }

  static std::set<JobId> rows_among(const Store& store, const std::vector<JobId>& jobs) {
    const auto sql = detail::in_schema(operate_sql::rows_among, store.database.options().schema);
    std::set<JobId> found;
    for (const auto& row : store.database.exec(sql, detail::in_braces(jobs)))
      found.insert(detail::id_of(row[0]));
    return found;
  }

  bool goes_on() {
    report_.interrupted = report_.interrupted || (options_.goes_on && !options_.goes_on());
    return !report_.interrupted;
  }
  void tell() const {
    if (!options_.progress) return;
    const auto done = report_.rows + report_.removed + report_.copies;
    options_.progress({.looked_at = done, .changed = done});
  }

  static constexpr std::size_t kAtOnce = 500;
  static constexpr std::size_t kMoreThanCounted = 1000;  // that may come meanwhile, and go as well
  static constexpr int kPasses = 10;

  Servers& servers_;  // not owned, outlives this, as options_
  const Queue queue_;
  const bool durable_;
  std::set<std::string> homes_;  // databases whose rows of the queue may go, by alias
  const ChangeOptions& options_;
  std::map<std::string, const Store*> stores_;  // of the databases that answer
  std::size_t room_ = 0;                        // how many more may go from Redis
  PurgeReport report_;
};

}  // namespace

PurgeOutlook look_before_purge(Servers& servers, const Queue& queue) {
  PurgeOutlook outlook;
  outlook.answers = servers.look_at_each(
      [&](const Store& store) {
        look_briefly(store.database, LookBounds{}.statement, [&] {
          const auto sql = detail::in_schema(operate_sql::count_rows_of, store.database.options().schema);
          const auto rows = store.database.exec(sql, queue, PurgeOutlook::kCounted)[0][0].as<std::int64_t>();
          outlook.durable += rows;
          outlook.at_least |= rows == PurgeOutlook::kCounted;
        });
      },
      [&](Browsing& redis) { outlook.redis = redis.counts(queue); });
  return outlook;
}

PurgeReport purge(Servers& servers, const Queue& queue, bool durable, const ChangeOptions& options) {
  return Purge{servers, queue, durable, options}.run();
}

Json in_json(const PurgeReport& report) {
  Json document{{"removed", report.removed},
                {"rows_deleted", report.rows},
                {"copies_removed", report.copies},
                {"stay", report.stay},
                {"interrupted", report.interrupted}};
  document.update(in_json(report.answers));
  return document;
}

}  // namespace aftercommit::operate
