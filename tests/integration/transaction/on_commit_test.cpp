/// on_commit: which hooks run, when, in what order, and what they may do.  As Django's
/// TestConnectionOnCommit.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aftercommit/log.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using Notes = std::vector<std::string>;

class OnCommit : public support::Payments, public ::testing::Test {
 protected:
  void note_later(const std::string& text, bool robust = false) {
    database.on_commit([this, text] { notes.push_back(text); }, robust);
  }
  void throw_later(bool robust = false) {
    database.on_commit([] { throw Deliberate{}; }, robust);
  }

  Notes notes;
};

/// Collects what the library logs while it lives.
class CaughtLog {
 public:
  CaughtLog() {
    set_log_handler([this](const LogEvent& event) {
      std::string text{event.message};
      for (const auto& [name, value] : event.fields) text += " " + std::string{name} + "=" + value;
      lines.push_back(text);
    });
  }
  ~CaughtLog() { set_log_handler({}); }
  CaughtLog(const CaughtLog&) = delete;
  CaughtLog& operator=(const CaughtLog&) = delete;

  Notes lines;
};

TEST_F(OnCommit, RunsAtOnceOutsideATransaction) {
  note_later("now");
  EXPECT_EQ(notes, (Notes{"now"}));
}

TEST_F(OnCommit, AtOnceLetsAnErrorReachTheCallerUnlessItIsRobust) {
  EXPECT_THROW(throw_later(), Deliberate);
  const CaughtLog log;
  EXPECT_NO_THROW(throw_later(true));
  EXPECT_EQ(log.lines, (Notes{"an on_commit hook failed error=deliberate"}));
}

TEST_F(OnCommit, WaitsUntilTheTransactionHasCommitted) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_TRUE(hooks().empty());
    database.on_commit([&] { EXPECT_EQ(committed_rows(), (std::vector<long>{1})); });
  });
  expect_paid({1});
}

TEST_F(OnCommit, DoesNotRunIfTheTransactionRollsBack) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw Deliberate{};
  }),
               Deliberate);
  expect_paid({});
}

TEST_F(OnCommit, RunsOnlyAfterTheOutermostBlockHasCommitted) {  // P1
  database.atomic([&] {
    database.atomic([&] { pay(1); });
    EXPECT_TRUE(hooks().empty());
  });
  expect_paid({1});
}

TEST_F(OnCommit, ForgetsHooksOfARolledBackSavepointAndKeepsTheOthers) {  // P1
  database.atomic([&] {
    database.atomic([&] { pay(1); });
    EXPECT_THROW(database.atomic([&] {
      pay(2);
      throw Deliberate{};
    }),
                 Deliberate);
    database.atomic([&] { pay(3); });
  });
  expect_paid({1, 3});
}

TEST_F(OnCommit, ForgetsHooksOfAReleasedSavepointInsideARolledBackOne) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      database.atomic([&] { pay(2); });
      throw Deliberate{};
    }),
                 Deliberate);
  });
  expect_paid({1});
}

TEST_F(OnCommit, KeepsHooksFromBeforeAnInnerBlockThatRollsBack) {  // P1
  database.atomic([&] {
    database.atomic([&] {
      pay(1);
      EXPECT_THROW(database.atomic([] { throw Deliberate{}; }), Deliberate);
    });
  });
  expect_paid({1});
}

TEST_F(OnCommit, ForgetsAllHooksWhenAMergedBlockFails) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic({.savepoint = false},
                                 [&] {
                                   pay(2);
                                   throw Deliberate{};
                                 }),
                 Deliberate);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_F(OnCommit, ForgetsHooksRegisteredSinceASavepointByHandThatRollsBack) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto savepoint = tx.savepoint();
    pay(2);
    tx.savepoint_rollback(savepoint);
  });
  expect_paid({1});
}

TEST_F(OnCommit, KeepsTheOrderOfRegistrationAcrossSavepoints) {
  database.atomic([&](Transaction& tx) {
    tx.on_commit([&] { notes.emplace_back("first"); });
    database.atomic([&] { note_later("second"); });
    note_later("third");
  });
  EXPECT_EQ(notes, (Notes{"first", "second", "third"}));
}

TEST_F(OnCommit, RunsAHookOnceAndNotAgainAfterTheNextCommit) {
  database.atomic([&] { pay(1); });
  database.atomic([&] { pay(2); });
  expect_paid({1, 2});
}

TEST_F(OnCommit, ForgetsTheHooksOfARolledBackTransactionInTheNextOne) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw Deliberate{};
  }),
               Deliberate);
  database.atomic([&] { pay(2); });
  expect_paid({2});
}

TEST_F(OnCommit, StopsAtAHookThatThrowsWhichReachesTheCallerWhoseCommitStands) {
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw_later();
    note_later("after");
  }),
               Deliberate);
  EXPECT_TRUE(notes.empty());
  expect_paid({1});
}

TEST_F(OnCommit, SendsTheJobsEvenIfAHookRegisteredBeforeThemThrows) {
  EXPECT_THROW(database.atomic([&] {
    throw_later();
    receipt.delay(1);
  }),
               Deliberate);
  EXPECT_EQ(jobs(), (std::vector<long>{1}));
}

TEST_F(OnCommit, ForgetsTheHooksAfterOneThatThrew) {
  EXPECT_THROW(database.atomic([&] {
    throw_later();
    note_later("never");
  }),
               Deliberate);
  database.atomic([&] { note_later("next transaction"); });
  EXPECT_EQ(notes, (Notes{"next transaction"}));
}

TEST_F(OnCommit, LogsARobustHookThatThrowsAndGoesOn) {
  const CaughtLog log;
  database.atomic([&] {
    throw_later(true);
    database.on_commit([] { throw 42; }, true);
    note_later("after");
  });
  EXPECT_EQ(notes, (Notes{"after"}));
  EXPECT_EQ(log.lines, (Notes{"an on_commit hook failed error=deliberate",
                              "an on_commit hook failed error=an exception that is no std::exception"}));
}

TEST_F(OnCommit, LetsAHookQuery) {
  database.atomic([&] {
    pay(1);
    database.on_commit([&] {
      EXPECT_FALSE(database.in_atomic_block());
      notes.push_back(database.exec("SELECT count(*) FROM payment")[0][0].c_str());
    });
  });
  EXPECT_EQ(notes, (Notes{"1"}));
}

TEST_F(OnCommit, LetsAHookOpenATransactionWithHooksAndJobsOfItsOwn) {  // P1
  database.atomic([&] {
    pay(1);
    database.on_commit([&] {
      database.atomic([&] {
        EXPECT_FALSE(database.get_rollback());
        pay(2);
      });
    });
  });
  expect_paid({1, 2});
}

TEST_F(OnCommit, LetsATransactionInAHookRollBackWithoutTouchingTheFirst) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    database.on_commit([&] {
      database.atomic([&] {
        pay(2);
        throw Deliberate{};
      });
    });
  }),
               Deliberate);
  expect_paid({1});
}

TEST_F(OnCommit, RunsAHookRegisteredByAHookAtOnce) {
  database.atomic([&] {
    database.on_commit([&] {
      note_later("inner");
      notes.emplace_back("outer");
    });
  });
  EXPECT_EQ(notes, (Notes{"inner", "outer"}));
}

TEST_F(OnCommit, NeedsNoSecondConnectionForItsHooks) {
  Database narrow{{.url = schema().url(), .pool_size = 1, .pool_timeout = std::chrono::milliseconds{50}}};
  narrow.atomic(
      [&] { narrow.on_commit([&] { narrow.atomic([](Transaction& tx) { tx.exec("SELECT 1"); }); }); });
}

TEST_F(OnCommit, IsAnErrorInManualModeOutsideABlock) {
  database.set_autocommit(false);
  EXPECT_THROW(note_later("never"), TransactionManagementError);
  database.set_autocommit(true);
  EXPECT_TRUE(notes.empty());
}

TEST_F(OnCommit, InABlockOfManualModeRunsAfterTheCommitByHand) {  // P1
  database.set_autocommit(false);
  database.atomic([&] { pay(1); });
  EXPECT_TRUE(hooks().empty());
  database.commit();
  database.set_autocommit(true);
  expect_paid({1});
}

TEST_F(OnCommit, RefusesAnEmptyFunctionWhenItIsRegistered) {
  EXPECT_THROW(database.on_commit({}), UsageError);
  EXPECT_THROW(database.atomic([&](Transaction& tx) { tx.on_commit(nullptr); }), UsageError);
}

}  // namespace
}  // namespace aftercommit
