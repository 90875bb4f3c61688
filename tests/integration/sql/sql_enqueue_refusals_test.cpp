/// What enqueueing by SQL refuses, and in which words: nothing that a worker could not decode gets into the
/// table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text/text.hpp"
#include "support/fixtures/job_schema.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::sqlstate;
using ::testing::HasSubstr;

struct Refusal {
  std::string name;
  std::string args;
  std::string message;
  std::string hint;
};

class SqlEnqueueRefuses : public support::JobSchema, public ::testing::WithParamInterface<Refusal> {};

const std::string kNameHint = "A name has 1 to 64 characters out of a-z A-Z 0-9 _ . - and nothing else.";
const std::string kArgsHint = "args is the text of a JSON array with one element for each argument";

INSTANTIATE_TEST_SUITE_P(
    Bad, SqlEnqueueRefuses,
    ::testing::Values(
        Refusal{"NullTask", "NULL", "cannot enqueue task NULL: task NULL is not a name", kNameHint},
        Refusal{"TaskWithSpace", "'a b'", "cannot enqueue task 'a b': task 'a b' is not a name", kNameHint},
        Refusal{"TaskWithLineEnd", "E'a\\n'", "is not a name", kNameHint},
        Refusal{"TaskWithQuote", "'a\"b'", "task 'a\"b' is not a name", kNameHint},
        Refusal{"TaskBeyondAscii", "E't\\u00e9'", "is not a name", kNameHint},
        Refusal{"EmptyTask", "''", "task '' is not a name", kNameHint},
        Refusal{"LongTask", "repeat('a', 65)", "is not a name", kNameHint},
        Refusal{"Queue", "'t', queue => 'a{b}'", "cannot enqueue task 't': queue 'a{b}' is not a name",
                kNameHint},
        Refusal{"NullQueue", "'t', queue => NULL", "queue NULL is not a name", kNameHint},
        Refusal{"Database", "'t', database => 'a/b'", "database 'a/b' is not a name",
                "the alias by which workers"},
        Refusal{"Both", "'t', countdown => '1 s', eta => now()", "there are both a countdown and an eta",
                "one of them"},
        Refusal{"NegativeCountdown", "'t', countdown => '-1 ms'", "countdown -00:00:00.001 is not a wait",
                "from 0 to 200 years"},
        Refusal{"CountdownBeyondAllTime", "'t', countdown => '300000 years'",
                "countdown 300000 years is not a wait", "from 0 to 200 years"},
        Refusal{"EndlessCountdown", "'t', countdown => '201 years'", "countdown 201 years is not a wait",
                "from 0 to 200 years"},
        Refusal{"EndlessEta", "'t', eta => 'infinity'", "eta infinity is not a time", "up to the year 2262"},
        Refusal{"EtaBeforeAllTime", "'t', eta => '-infinity'", "eta -infinity is not a time",
                "up to the year 2262"},
        Refusal{"EtaTooLate", "'t', eta => '2263-01-01'", "is not a time", "up to the year 2262"},
        Refusal{"NegativeExpires", "'t', expires => '-1 day'", "expires -1 days is not a length of time",
                "from 0 to 200 years"},
        Refusal{"EndlessExpires", "'t', expires => '201 years'", "expires 201 years is not a length of time",
                "from 0 to 200 years"},
        Refusal{"NegativeRetries", "'t', max_retries => -1", "max_retries -1 is out of range",
                "from 0 to 999999"},
        Refusal{"TooManyRetries", "'t', max_retries => 1000000", "max_retries 1000000 is out of range",
                "from 0 to 999999"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Unique, SqlEnqueueRefuses,
    ::testing::Values(
        Refusal{"EmptyKey", "'t', unique_key => ''", "unique_key has 0 characters", "It has 1 to 1024"},
        Refusal{"Until", "'t', unique_until => 'Done'", "unique_until 'Done' is unknown",
                "'done' or 'start'"},
        Refusal{"NoPeriod", "'t', unique_for => '0'", "unique_for 00:00:00 is not a length", "from 1 ms"},
        Refusal{"BothEnds", "'t', unique_for => '1 h', unique_until => 'done'",
                "there are both unique_for and unique_until", "for a period, or until"},
        Refusal{"OnDuplicate", "'t', on_duplicate => 'drop'", "on_duplicate 'drop' is unknown",
                "'once_more'"},
        Refusal{"DebounceAtOnce", "'t', on_duplicate => 'debounce'", "needs a countdown",
                "after the last call"},
        Refusal{"LongestDelayAlone", "'t', longest_delay => '1 s'", "goes with on_duplicate 'debounce' alone",
                "after the first call"},
        Refusal{"OwnId", "'t', on_duplicate => 'skip', id => gen_random_uuid()", "both an id of its own",
                "leave the id out"},
        Refusal{"HeadersNoObject", "'t', headers => '[]'", "headers is a JSON array and not an object",
                "at most 64 texts"},
        Refusal{"HeadersNoText", "'t', headers => '{\"a\": 1}'", "headers holds what is no text",
                "at most 64 texts"},
        Refusal{"Priority", "'t', priority => 4", "priority 4 is out of range", "the most urgent, to 3"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Args, SqlEnqueueRefuses,
    ::testing::Values(
        Refusal{"Null", "'t', NULL", "args is NULL", kArgsHint},
        Refusal{"NullJson", "'t', NULL::json", "args is NULL", kArgsHint},
        Refusal{"NoJson", "'t', '[1'", "args is not JSON: invalid input syntax for type json", kArgsHint},
        Refusal{"Behind", "'t', '[1] 2'", "args is not JSON", kArgsHint},
        Refusal{"Object", "'t', '{}'", "args is a JSON object and not an array", kArgsHint},
        Refusal{"Number", "'t', '42'", "args is a JSON number and not an array", kArgsHint},
        Refusal{"Deep", "'t', repeat('[', 65) || repeat(']', 65)", "deeper than 64 levels", kArgsHint},
        Refusal{"DeepObject", "'t', repeat('[', 64) || '{}' || repeat(']', 64)", "deeper than 64 levels",
                kArgsHint},
        Refusal{"BeyondTheStack", "'t', repeat('[', 1000000)", "deeper than 64 levels", kArgsHint},
        Refusal{"ManyValues", "'t', '[' || repeat('1,', 10000) || '1]'", "more than 10000 values", kArgsHint},
        Refusal{"ManyValuesWithin", "'t', '[[' || repeat('1,', 9999) || '1]]'", "more than 10000 values",
                kArgsHint},
        Refusal{"KeyTwice", R"('t', '[{"a": 1, "\u0061": 2}]')", "an object with the same key twice",
                kArgsHint},
        Refusal{"Nul", R"('t', '["\u0000"]')", R"(the character \u0000, which PostgreSQL has no text for)",
                kArgsHint},
        Refusal{"HighSurrogate", R"('t', '["\ud83d"]')", "one half of a surrogate pair", kArgsHint},
        Refusal{"LowSurrogate", R"('t', '["a\uDE00"]')", "one half of a surrogate pair", kArgsHint},
        Refusal{"SurrogateKey", R"('t', '[{"\ud83d": 1}]')", "one half of a surrogate pair", kArgsHint},
        Refusal{"HugeInteger", "'t', '[18446744073709551616]'",
                "the whole number 18446744073709551616, which does not fit 64 bits", kArgsHint},
        Refusal{"HugeNegativeInteger", "'t', '[-9223372036854775809]'",
                "-9223372036854775809, which does not fit", kArgsHint},
        Refusal{"LongInteger", "'t', '[1' || repeat('0', 200000) || ']'", "does not fit 64 bits", kArgsHint},
        Refusal{"JsonbMadeWhole", "'t', '[1e20]'::jsonb", "100000000000000000000, which does not fit",
                kArgsHint},
        Refusal{"HugeDouble", "'t', '[{\"a\": [1e999]}]'", "a number that a double cannot: \"1e999\"",
                kArgsHint},
        Refusal{"Large", "'t', '[\"' || repeat('a', 1048576) || '\"]'", "over the limit of 1048576",
                kArgsHint},
        Refusal{"LargeAsAJob", "'t', '[\"' || repeat('a', 1048570) || '\"]'",
                "the job takes 1048705 bytes, over the limit of 1048576", "Store the data and pass its key."},
        Refusal{"LargeInBytes", "'t', '[\"' || repeat(U&'\\20AC', 400000) || '\"]'",
                "over the limit of 1048576", kArgsHint}),
    [](const auto& test) { return test.param.name; });

TEST_P(SqlEnqueueRefuses, WithASentenceAndAHint) {
  try {
    enqueue(GetParam().args);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(sqlstate(error), "22023");
    EXPECT_THAT(error.what(), HasSubstr("cannot enqueue task "));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_THAT(error.what(), HasSubstr("HINT:  "));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().hint));
    EXPECT_TRUE(valid_utf8(error.what()));
  }
  EXPECT_TRUE(jobs().empty());
}

using JobTableItself = support::JobSchema;

TEST_F(JobTableItself, TakesNoRowThatIsNoJob) {
  for (const std::string values : {"'a b', 1", "'', 1", "'q', 0"}) {
    EXPECT_THROW(
        outside("INSERT INTO {schema}.job (id, envelope, queue, attempt) VALUES (gen_random_uuid(), '{}', " +
                values + ")"),
        pqxx::check_violation);
  }
}

}  // namespace
}  // namespace aftercommit
