/// The dead rows of a job table: each shown once, page by page, and none read that is not shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/job_table/job_table.hpp"
#include "support/fixtures/job_schema.hpp"

namespace aftercommit {
namespace {

using detail::DeadPlace;

class DeadRows : public support::JobSchema {
 protected:
  /// Some of each queue die at each of so many instants, a microsecond apart.
  void die(int count, int queues, int instants) {
    outside(
        "INSERT INTO {schema}.dead (id, queue, died_at, letter) "
        "SELECT gen_random_uuid(), 'queue-' || n % " +
        std::to_string(queues) + ", now() - n / " + std::to_string(queues) + " % " +
        std::to_string(instants) + " * interval '1 microsecond', 'letter ' || n FROM generate_series(1, " +
        std::to_string(count) + ") AS n");
  }

  std::vector<std::string> walk(const std::string& queue, std::size_t page) {
    std::vector<std::string> letters;
    std::optional<DeadPlace> after;
    for (;;) {
      const auto rows = table.dead(queue, page, after);
      if (rows.empty()) return letters;
      EXPECT_LE(rows.size(), page);
      for (const auto& row : rows) letters.push_back(row.letter);
      after = {.died_at = rows.back().died_at, .id = rows.back().id};
    }
  }

  std::vector<std::string> in_order(const std::string& condition) {
    std::vector<std::string> letters;
    for (const auto& row :
         outside("SELECT letter FROM {schema}.dead WHERE " + condition + " ORDER BY died_at DESC, id DESC")) {
      letters.push_back(row[0].as<std::string>());
    }
    return letters;
  }

  /// By the session of the open block, so far.
  std::size_t rows_read() {
    return database
        .exec(sql("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables "
                  "WHERE relid = '{schema}.dead'::regclass"))[0][0]
        .as<std::size_t>();
  }

  detail::JobTable table{database};
};

TEST_F(DeadRows, AreShownOnceEachTheNewestFirstWhateverThePage) {
  die(60, 3, 4);
  for (const std::size_t page : {1, 7, 60, 100}) EXPECT_EQ(walk("", page), in_order("true")) << page;
}

TEST_F(DeadRows, OfOneQueueAreShownAlone) {
  die(60, 3, 4);
  for (const std::size_t page : {1, 7, 60}) {
    EXPECT_EQ(walk("queue-1", page), in_order("queue = 'queue-1'")) << page;
  }
  EXPECT_TRUE(walk("queue-", 7).empty());
}

TEST_F(DeadRows, ThatAreNotShownAreNotRead) {
  constexpr std::size_t kPage = 50;
  die(20'000, 2, 20'000);
  outside("ANALYZE {schema}.dead");
  for (const std::string queue : {"", "queue-1"}) {
    std::optional<DeadPlace> after;
    for (int page = 1; page <= 3; ++page) {
      database.atomic([&] {
        const auto before = rows_read();
        const auto rows = table.dead(queue, kPage, after);
        ASSERT_EQ(rows.size(), kPage);
        after = {.died_at = rows.back().died_at, .id = rows.back().id};
        EXPECT_LE(rows_read() - before, 4 * kPage) << "queue '" << queue << "', page " << page;
      });
    }
  }
}

TEST_F(DeadRows, AreVisitedOnceEachBeyondOneBatch) {
  die(10'500, 2, 1);
  std::map<std::string, int> of_queue;
  std::map<std::string, int> of_id;
  table.for_each_dead([&](const JobId& job, const std::string& queue) {
    ++of_queue[queue];
    ++of_id[job.str()];
  });
  EXPECT_EQ(of_queue, (std::map<std::string, int>{{"queue-0", 5250}, {"queue-1", 5250}}));
  EXPECT_EQ(of_id.size(), 10'500U);
}

}  // namespace
}  // namespace aftercommit
