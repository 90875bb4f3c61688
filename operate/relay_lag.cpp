/// Reads the job table from the cursors of the relays on, as the next of them would.
#include "operate/relay_lag.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using detail::FeedCursor;
using detail::FeedPage;
using std::chrono::milliseconds;

/// Of the first job of this shard that `cursor` has before it, up to `shown`, if that is given.
void add_first(const detail::JobFeed& feed, const Queue& queue, FeedCursor cursor, const ShardShare& share,
               const std::string* shown, std::string& ids) {
  const std::size_t page_size = share.takes ? 100 : 1;
  constexpr int kMostPages = 10;  // with many shards, as good as certainly it is in the first
  for (int pages = 0; pages < kMostPages; ++pages) {
    auto page = feed.read(queue, cursor, page_size);
    const bool is_last = page.jobs.size() < page_size;
    if (shown != nullptr) detail::drop_later(page, *shown);  // they are the other cursor's
    for (const auto& job : page.jobs) {
      if (!share.has(job.id)) continue;
      ids += (ids.size() > 1 ? "," : "") + job.id.str();
      return;
    }
    if (is_last || page.jobs.empty()) return;
    cursor.position = page.jobs.back().position;
  }
}

}  // namespace

std::map<Queue, milliseconds> relay_lags(const Store& store, RelayTarget& broker,
                                         std::span<const Queue> queues) {
  std::map<Queue, milliseconds> lags;
  if (queues.empty()) return lags;
  const detail::JobFeed feed{store.database};
  const auto source = feed.source();
  const auto age = detail::in_schema(operate_sql::job_age, store.database.options().schema);
  std::vector<std::string> firsts(queues.size(), "{");  // of each queue, of what each cursor has before it
  for (auto& [target, share] : broker.relay_parts()) {
    const auto own = detail::of_shards(source, share.among);
    std::vector<std::string> cursors, backlogs;
    try {
      cursors = target.relay_cursors(own, queues);
      backlogs = target.relay_cursors(detail::backlog_of(own), queues);
    } catch (const BrokerUnavailable&) {
      if (share.among.empty()) throw;
      continue;  // one of several: who looks at them says so
    }
    for (std::size_t i = 0; i < queues.size(); ++i) {
      const auto fresh = FeedCursor::parse(cursors[i]);
      add_first(feed, queues[i], fresh.value_or(FeedCursor::from_the_start()), share, nullptr, firsts[i]);
      if (!fresh || fresh->complete) continue;
      auto backlog = FeedCursor::parse(backlogs[i]);
      if (!backlog || backlog->token != fresh->token) backlog = FeedCursor::from_the_start();
      add_first(feed, queues[i], *backlog, share, &fresh->shown, firsts[i]);
    }
  }
  for (std::size_t i = 0; i < queues.size(); ++i) {
    auto& lag = lags[queues[i]] = milliseconds{0};
    if (firsts[i].size() == 1) continue;
    const auto answer = store.database.exec(age, firsts[i] + "}");
    if (!answer[0][0].is_null())
      lag = milliseconds{std::max<std::int64_t>(answer[0][0].as<std::int64_t>(), 0)};
  }
  return lags;
}

}  // namespace aftercommit::operate
