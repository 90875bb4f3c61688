/// Finding the statements that begin or end a transaction, wherever they hide, and nothing else.
#include "client/statements/transaction_control.hpp"

#include <gtest/gtest.h>

#include <string>

namespace aftercommit::detail {
namespace {

void expect_found(const std::string& keyword, const std::string& sql) {
  EXPECT_EQ(transaction_control_in(sql), keyword) << sql;
}
void expect_none(const std::string& sql) { expect_found("", sql); }

TEST(TransactionControl, IsFoundInEveryForm) {
  expect_found("BEGIN", "BEGIN");
  expect_found("BEGIN", "BEGIN ISOLATION LEVEL SERIALIZABLE");
  expect_found("START", "START TRANSACTION READ ONLY");
  expect_found("COMMIT", "COMMIT");
  expect_found("COMMIT", "COMMIT PREPARED 'x'");
  expect_found("END", "END TRANSACTION");
  expect_found("ROLLBACK", "ROLLBACK TO SAVEPOINT s1");
  expect_found("ABORT", "ABORT");
  expect_found("SAVEPOINT", "SAVEPOINT s1");
  expect_found("RELEASE", "RELEASE SAVEPOINT s1");
  expect_found("PREPARE TRANSACTION", "PREPARE TRANSACTION 'x'");
}

TEST(TransactionControl, IsFoundInAnyCase) {
  expect_found("COMMIT", "commit");
  expect_found("COMMIT", "CoMmIt;");
  expect_found("PREPARE TRANSACTION", "prepare Transaction 'x'");
}

TEST(TransactionControl, IsFoundBehindBlanksCommentsAndEmptyStatements) {
  expect_found("COMMIT", " \t\r\n COMMIT");
  expect_found("COMMIT", "-- done\nCOMMIT");
  expect_found("COMMIT", "-- done\rCOMMIT");
  expect_found("COMMIT", "/* done */COMMIT");
  expect_found("COMMIT", "/* one /* inside */ another */ COMMIT");
  expect_found("COMMIT", ";; ; COMMIT");
  expect_found("PREPARE TRANSACTION", "PREPARE /* it */ TRANSACTION 'x'");
}

TEST(TransactionControl, IsFoundAmongSeveralStatements) {
  expect_found("COMMIT", "SELECT 1; COMMIT");
  expect_found("COMMIT", "SELECT ';'; COMMIT");
  expect_found("COMMIT", "SELECT $$;$$;COMMIT");
  expect_found("ROLLBACK", "INSERT INTO a VALUES (1); ROLLBACK; BEGIN");
}

TEST(TransactionControl, IsFoundAfterQuotesThatOnlyLookOpen) {
  expect_found("COMMIT", "SELECT 'it''s'; COMMIT");
  expect_found("COMMIT", "SELECT 'back\\'; COMMIT");  // no escape in a plain literal
  expect_found("COMMIT", "SELECT E'it\\'s'; COMMIT");
  expect_found("COMMIT", "SELECT \"odd\"\"name\"; COMMIT");
  expect_found("COMMIT", "SELECT $1; COMMIT; SELECT $1");
  expect_found("COMMIT", "SELECT a$b$c; COMMIT; SELECT a$b$c");  // dollars inside a name quote nothing
}

TEST(TransactionControl, IsNotWhatStandsInQuotesOrComments) {
  expect_none("SELECT '; COMMIT; '");
  expect_none("SELECT E'\\'; COMMIT; '");
  expect_none("SELECT e'\\'; COMMIT; '");
  expect_none("SELECT \"; COMMIT; \"");
  expect_none("SELECT $$; COMMIT; $$");
  expect_none("SELECT $tag$; $$ COMMIT; $tag$");
  expect_none("SELECT 1 -- ; COMMIT");
  expect_none("SELECT 1 /* ; COMMIT /* ; */ ; COMMIT */");
  expect_none("DO $$ BEGIN COMMIT; END $$");  // the server refuses this one by itself
}

TEST(TransactionControl, IsNotTheSameWordElsewhere) {
  expect_none("SELECT 1 AS commit");
  expect_none("SELECT CASE WHEN true THEN 1 END");
  expect_none("INSERT INTO commits VALUES (1)");
  expect_none("COMMITTED");
  expect_none("PREPARE q AS SELECT 1");
  expect_none("PREPARE begin AS SELECT 1");
  expect_none("SET TRANSACTION READ ONLY");
  expect_none("LOCK TABLE a");
}

TEST(TransactionControl, IsACopyThroughTheConnection) {
  expect_found("COPY", "COPY t FROM STDIN");
  expect_found("COPY", "SELECT 1; copy (SELECT 1) to stdout with (format csv)");
  expect_none("COPY t FROM '/tmp/file'");
  expect_none("COPY t TO PROGRAM 'cat'");
  expect_none("SELECT stdin FROM copy");
}

TEST(TransactionControl, IsNotTheBodyOfAFunctionInStandardSql) {
  expect_none("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END");
  expect_none(
      "CREATE OR REPLACE PROCEDURE p() begin atomic SELECT CASE WHEN a THEN 1 END FROM b; END; SELECT 1");
  expect_found("COMMIT", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT");
  expect_found("COMMIT", "CREATE TABLE begin (id int); COMMIT");
}

TEST(TransactionControl, IsNotInTextThatEndsTooEarly) {
  for (const auto* sql :
       {"", ";", "--", "/*", "/* /* */", "'", "\"", "$", "$$", "$tag$", "E'\\", "PREPARE", "$1"}) {
    expect_none(sql);
  }
}

}  // namespace
}  // namespace aftercommit::detail
