/// Reads the job table from the cursors of the relays on, as the next of them would.
#include "operate/relay_lag.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/job_table/job_feed.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using detail::FeedCursor;
using detail::FeedPage;
using std::chrono::milliseconds;

void add_first(const FeedPage& page, std::string& ids) {
  if (!page.jobs.empty()) ids += (ids.size() > 1 ? "," : "") + page.jobs.front().id.str();
}

}  // namespace

std::map<Queue, milliseconds> relay_lags(const Store& store, RelayTarget& broker,
                                         std::span<const Queue> queues) {
  std::map<Queue, milliseconds> lags;
  if (queues.empty()) return lags;
  const detail::JobFeed feed{store.database};
  const auto source = feed.source();
  const auto cursors = broker.relay_cursors(source, queues);
  const auto backlogs = broker.relay_cursors(detail::backlog_of(source), queues);
  const auto age = detail::in_schema(operate_sql::job_age, store.database.options().schema);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const auto& queue = queues[i];
    const auto fresh = FeedCursor::parse(cursors[i]);
    std::string ids = "{";  // of the first that each cursor has before it
    add_first(feed.read(queue, fresh.value_or(FeedCursor::from_the_start()), 1), ids);
    if (fresh && !fresh->complete) {
      auto backlog = FeedCursor::parse(backlogs[i]);
      if (!backlog || backlog->token != fresh->token) backlog = FeedCursor::from_the_start();
      auto page = feed.read(queue, *backlog, 1);
      detail::drop_later(page, fresh->shown);  // they are the other cursor's
      add_first(page, ids);
    }
    auto& lag = lags[queue] = milliseconds{0};
    if (ids.size() == 1) continue;
    const auto answer = store.database.exec(age, ids + "}");
    if (!answer[0][0].is_null())
      lag = milliseconds{std::max<std::int64_t>(answer[0][0].as<std::int64_t>(), 0)};
  }
  return lags;
}

}  // namespace aftercommit::operate
