#include "operate/census.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/delivery.hpp"
#include "broker/envelope/envelope.hpp"
#include "broker/envelope/job_identity.hpp"
#include "client/job_table/cancellations.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using Kind = Finding::Kind;

constexpr int kLooks = 3;
constexpr std::size_t kPage = 1000;  // ids of one question

/// What is known of one job that Redis has, or claims to have.
struct Seen {
  std::int32_t entries = 0;
  JobState state = JobState::kReady;  // of the last entry
  bool durable = false;               // by its envelope
  bool claimed = false;               // by the set of durable jobs
  bool has_row = false;
  Queue queue{};
  std::string database{};  // by its envelope; empty: the worker's default
};

void add(Standing& all, const Standing& one) {
  all.waiting += one.waiting;
  all.delayed += one.delayed;
  all.running += one.running;
  all.dead += one.dead;
}

void count(Standing& standing, JobState state) {
  (state == JobState::kReady     ? standing.waiting
   : state == JobState::kDelayed ? standing.delayed
                                 : standing.running)++;
}

/// One look.  The order matters: Redis first, then the tables, so that a row seen without its entry is new or
/// lost; then Redis is asked again for exactly these.
class Look {
 public:
  Look(Servers& servers, const std::function<void()>& step, std::int64_t most_of_ledger)
      : servers_{servers}, step_{step}, most_of_ledger_{most_of_ledger} {}

  Census take() {
    for (const auto& queue : servers_.broker().queues()) read_queue(queue);
    for (auto& store : servers_.stores()) {
      read_dead(store);
      unseen_.clear();
      store.table.for_each([&](const detail::JobRow& row) { read_row(row); });
      for (const auto& [queue, jobs] : unseen_) find_out(store, queue, jobs);
      read_cancelled(store);
      const auto remembered =
          store.database
              .exec(detail::in_schema(operate_sql::count_ledger, store.database.options().schema),
                    most_of_ledger_)[0][0]
              .as<std::int64_t>();
      census_.ledger += remembered;
      census_.ledger_at_least = census_.ledger_at_least || remembered >= most_of_ledger_;
    }
    for (const auto& [job, seen] : seen_) judge(job, seen);
    return std::move(census_);
  }

 private:
  void step() const {
    if (step_) step_();
  }

  void read_queue(const Queue& queue) {
    auto& broker = servers_.broker();
    const auto counts = broker.counts(queue);
    census_.others[queue].dead += counts.dead;
    broker.for_each_job(queue, [&](JobState state, std::string_view payload) {
      step();
      const auto decoded = decode(payload, kSizeLimit);
      if (const auto* const job = std::get_if<Envelope>(&decoded)) {
        see(queue, state, job->id, job->durable, job->database);
        return;
      }
      const auto& malformed = std::get<Malformed>(decoded);
      const auto known = identify(payload);
      if (malformed.elsewhere && known.id) {  // a job all the same, for a later version
        see(queue, state, *known.id, known.may_be_durable, known.database);
        return;
      }
      find(Kind::kUnreadable, queue, std::to_string(payload.size()) + " bytes: " + malformed.reason);
    });
    broker.for_each_durable(queue, [&](const JobId& job) {
      step();
      auto& seen = seen_[job];
      seen.claimed = true;
      if (seen.entries == 0) seen.queue = queue;
    });
  }

  void see(const Queue& queue, JobState state, const JobId& job, bool durable, const std::string& database) {
    auto& seen = seen_[job];
    if (++seen.entries == 2) find(Kind::kTwice, queue, job.str());
    seen.state = state;
    seen.durable = durable;
    seen.queue = queue;
    seen.database = database;
    if (!durable) count(census_.others[queue], state);
  }

  void read_dead(Store& store) {
    store.table.for_each_dead([&](const JobId& job, const Queue& queue) {
      step();
      if (dead_.insert(job).second) ++census_.durable[queue].dead;
    });
  }

  /// After the rows, so that a row which is gone by then is among these.
  void read_cancelled(Store& store) {
    if (!detail::has_cancellations(store.database)) return;
    detail::for_each_cancelled(store.database, [&](const JobId& job) {
      if (cancelled_.insert(job).second) ++census_.cancelled;
    });
  }

  void read_row(const detail::JobRow& row) {
    step();
    auto& standing = census_.durable[row.queue];
    ++standing.rows;
    if (dead_.contains(row.id)) find(Kind::kAliveAndDead, row.queue, row.id.str());
    if (is_unreadable(row)) find(Kind::kUnreadableRow, row.queue, row.id.str());
    const auto found = seen_.find(row.id);
    if (found == seen_.end()) {
      unseen_[row.queue].push_back(row.id);
      return;
    }
    auto& seen = found->second;
    seen.has_row = true;
    if (seen.entries > 0) {
      count(standing, seen.state);
    } else {
      ++standing.stranded;
      find(Kind::kStranded, row.queue, row.id.str());
    }
  }

  static bool is_unreadable(const detail::JobRow& row) {
    const auto decoded = decode(row.envelope, kSizeLimit);
    const auto* const malformed = std::get_if<Malformed>(&decoded);
    if (malformed != nullptr && malformed->elsewhere) return identify(row.envelope).id != row.id;
    const auto* const job = std::get_if<Envelope>(&decoded);
    return job == nullptr || !job->durable || job->id != row.id || job->queue != row.queue ||
           job->attempt != row.attempt;
  }

  /// Rows that Redis has shown nothing of: on their way there, or lost?  What the relay has yet to read comes
  /// first, so that what it reads meanwhile is not taken for passed.
  void find_out(Store& store, const Queue& queue, const std::vector<JobId>& jobs) {
    const auto ahead = ahead_of_relay(store, queue);
    auto& standing = census_.durable[queue];
    for (std::size_t begin = 0; begin < jobs.size(); begin += kPage) {
      const std::vector<JobId> page(
          jobs.begin() + static_cast<std::ptrdiff_t>(begin),
          jobs.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kPage, jobs.size())));
      const auto there = servers_.broker().has_durable(queue, page);
      for (std::size_t i = 0; i < page.size(); ++i) {
        if (there[i]) {
          ++standing.moving;
        } else if (!ahead || ahead->contains(page[i])) {
          ++standing.not_in_redis;
        } else {
          ++standing.passed;
          find(Kind::kPassed, queue, page[i].str());
        }
      }
    }
  }

  /// Nothing if that is the whole table.
  std::optional<std::unordered_set<JobId>> ahead_of_relay(Store& store, const Queue& queue) {
    std::unordered_set<JobId> ahead;
    for (auto& [target, share] : servers_.broker().relay_parts()) {
      if (!add_ahead_of(target, share, store, queue, ahead)) return std::nullopt;
    }
    return ahead;
  }

  /// Of one shard of several; false if that is all of its jobs.
  static bool add_ahead_of(RelayTarget& relay, const ShardShare& share, Store& store, const Queue& queue,
                           std::unordered_set<JobId>& ahead) {
    const detail::JobFeed feed{store.database};
    const auto source = detail::of_shards(feed.source(), share.among);
    const auto cursor_of = [&](const std::string& name) {
      return detail::FeedCursor::parse(relay.relay_cursors(name, std::vector{queue}).at(0));
    };
    const auto fresh = cursor_of(source);
    if (!fresh || !add_ahead(feed, queue, *fresh, share, ahead)) return false;
    if (fresh->complete) return true;
    const auto backlog = cursor_of(detail::backlog_of(source));
    if (!backlog || backlog->token != fresh->token || backlog->at_the_start()) return false;
    return !backlog->sweeping || add_ahead(feed, queue, *backlog, share, ahead);
  }

  /// False if the cursor is of no use.
  static bool add_ahead(const detail::JobFeed& feed, const Queue& queue, detail::FeedCursor cursor,
                        const ShardShare& share, std::unordered_set<JobId>& ahead) {
    for (;;) {
      const auto page = feed.read(queue, cursor, kPage);
      if (!detail::can_follow(cursor.sweeping.value_or(cursor.shown), page.snapshot)) return false;
      for (const auto& entry : page.jobs) {
        if (share.has(entry.id)) ahead.insert(entry.id);
      }
      if (page.jobs.size() < kPage) return true;
      cursor.position = page.jobs.back().position;
    }
  }

  void judge(const JobId& job, const Seen& seen) {
    if (seen.has_row || (!seen.durable && !seen.claimed)) return;
    if (seen.entries > 0 && !is_ours(seen.database)) {
      ++census_.elsewhere[seen.database];
    } else if (seen.entries > 0 && cancelled_.contains(job)) {
      return;
    } else if (seen.entries > 0) {
      find(Kind::kWithoutRow, seen.queue, job.str());
    } else {
      find(Kind::kLeftOver, seen.queue, job.str());
    }
  }

  /// False for a database that was not given: then nothing is known of its rows.
  bool is_ours(const std::string& database) {
    return database.empty() ||
           std::ranges::find(servers_.stores(), database, &Store::alias) != servers_.stores().end();
  }

  void find(Kind kind, const Queue& queue, std::string subject) {
    census_.findings.insert({.kind = kind, .queue = queue, .subject = std::move(subject)});
  }

  Servers& servers_;                   // not owned, outlives this, as the next
  const std::function<void()>& step_;  // may be null
  const std::int64_t most_of_ledger_;
  Census census_;
  std::unordered_map<JobId, Seen> seen_;
  std::unordered_set<JobId> dead_;
  std::unordered_set<JobId> cancelled_;
  std::map<Queue, std::vector<JobId>> unseen_;  // of the store being read
};

/// Rows that seemed stranded or passed in the last look, and not before, had only moved.
void excuse(Census& census, const Findings& seen_before) {
  Findings both;
  std::ranges::set_intersection(census.findings, seen_before, std::inserter(both, both.begin()));
  for (const auto& finding : census.findings) {
    if (both.contains(finding)) continue;
    auto& standing = census.durable[finding.queue];
    if (finding.kind == Kind::kStranded) --standing.stranded, ++standing.moving;
    if (finding.kind == Kind::kPassed) --standing.passed, ++standing.moving;
  }
  census.findings = std::move(both);
}

}  // namespace

Standing sum(const std::map<Queue, Standing>& queues) {
  Standing all;
  for (const auto& [queue, one] : queues) add(all, one);
  return all;
}

DurableStanding sum(const std::map<Queue, DurableStanding>& queues) {
  DurableStanding all;
  for (const auto& [queue, one] : queues) {
    add(all, one);
    all.rows += one.rows;
    all.not_in_redis += one.not_in_redis;
    all.moving += one.moving;
    all.stranded += one.stranded;
    all.passed += one.passed;
  }
  return all;
}

Census take_census(Servers& servers, std::chrono::milliseconds pause, const std::function<void()>& step,
                   std::int64_t most_of_ledger) {
  auto census = Look{servers, step, most_of_ledger}.take();
  census.looks = 1;
  while (!census.findings.empty() && census.looks < kLooks) {
    std::this_thread::sleep_for(pause);
    auto next = Look{servers, step, most_of_ledger}.take();
    next.looks = census.looks + 1;
    excuse(next, census.findings);
    census = std::move(next);
  }
  return census;
}

}  // namespace aftercommit::operate
