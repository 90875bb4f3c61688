/// The tables of docs/wire-format.md say of each field what the program holds to.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "broker/envelope/dead_letter_fields.hpp"
#include "broker/envelope/envelope_fields.hpp"

namespace aftercommit {
namespace {

/// A row of the page: `name` | type | required, default or for whom | meaning.
struct Row {
  std::string name;
  std::string type;
  std::string text;  ///< the rest
};
using Rows = std::vector<Row>;

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(" `");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" `") + 1 - from);
}

/// The tables of fields, as the page has them: of a job, its backoff, its errors, a dead letter.
std::vector<Rows> tables_of_fields() {
  std::ifstream page{AFTERCOMMIT_WIRE_FORMAT};
  std::vector<Rows> tables;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| field | type |")) {
      tables.emplace_back();
      inside = true;
    } else if (!line.starts_with("|")) {
      inside = false;
    } else if (inside && line.starts_with("| `")) {
      const auto type = line.find('|', 1);
      const auto text = line.find('|', type + 1);
      tables.back().push_back({trimmed(line.substr(1, type - 1)),
                               trimmed(line.substr(type + 1, text - type - 1)), line.substr(text)});
    }
  }
  return tables;
}

bool says(const Row& row, std::string_view words) { return row.text.find(words) != std::string::npos; }

/// As the page writes numbers: 1000, 10 000.
std::string grouped(std::int64_t number) {
  auto digits = std::to_string(number);
  if (number < 10'000) return digits;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), " ");
  return digits;
}

template <class Form>
std::vector<std::int64_t> limits(const Form& /*form*/) {
  return {};
}
std::vector<std::int64_t> limits(const fields::Whole& form) { return {form.max}; }
std::vector<std::int64_t> limits(const fields::Tree& form) {
  return {form.limits.depth, static_cast<std::int64_t>(form.limits.values)};
}

template <class Field>
void expect_row(const Field& field, const Row& row) {
  SCOPED_TRACE("field " + row.name);
  EXPECT_EQ(field.key.name(), row.name);
  EXPECT_EQ(field.type(), row.type);
  if constexpr (requires { field.form; }) {
    for (const auto limit : limits(field.form)) EXPECT_TRUE(says(row, grouped(limit))) << limit;
  }
}

/// All but the dead letter's, whose fields are all required.
template <class Field>
void expect_whole_row(const Field& field, const Row& row) {
  expect_row(field, row);
  SCOPED_TRACE("field " + row.name);
  EXPECT_EQ(field.presence == fields::Presence::kRequired, row.text.starts_with("| required |"));
  EXPECT_EQ(field.writer == fields::WrittenBy::kWorker, row.text.starts_with("| for workers"));
  if (field.presence == fields::Presence::kDefaulted) {
    EXPECT_TRUE(row.text.starts_with("| default ")) << row.text;
  }
}

template <class... Fields>
void expect_table(const std::tuple<Fields...>& table, const Rows& rows) {
  ASSERT_EQ(rows.size(), sizeof...(Fields)) << "as many rows as fields";
  std::size_t next = 0;
  std::apply([&](const Fields&... field) { (expect_whole_row(field, rows[next++]), ...); }, table);
}

class WireFormat : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(tables.size(), 4U); }
  const std::vector<Rows> tables = tables_of_fields();
};

TEST_F(WireFormat, ListsEachFieldOfAJobWithItsTypeItsLimitsAndWhoWritesIt) {
  expect_table(fields::kEnvelope, tables[0]);
}

TEST_F(WireFormat, ListsEachFieldOfABackoff) {
  expect_table(fields::kBackoff, tables[1]);
  for (const auto& [kind, word] : fields::kBackoffKinds) EXPECT_TRUE(says(tables[1].at(0), word)) << word;
}

TEST_F(WireFormat, ListsEachFieldOfAnError) { expect_table(fields::kAttemptError, tables[2]); }

TEST_F(WireFormat, ListsEachFieldOfADeadLetter) {
  const auto& rows = tables[3];
  constexpr auto kAlways = std::tuple_size_v<decltype(fields::kDeadLetter)>;
  ASSERT_EQ(rows.size(), kAlways + 3);
  std::size_t next = 0;
  std::apply([&](const auto&... field) { (expect_row(field, rows[next++]), ...); }, fields::kDeadLetter);
  for (const auto& [cause, word] : fields::kCauses) EXPECT_TRUE(says(rows[1], word)) << word;
  for (const auto* const key : {&fields::kJob, &fields::kRaw, &fields::kRawBase64}) {
    EXPECT_EQ(rows[next++].name, key->name());
  }
}

TEST(FieldTable, FindsTheKeyOfAMember) {
  EXPECT_EQ(fields::kKeyOf<&Envelope::task>.text(), ",\"task\":");
  EXPECT_EQ(fields::kKeyOf<&Envelope::queue>.name(), "queue");
  EXPECT_EQ(fields::kKeyOf<&Envelope::unknown_since>.name(), "unknown_since");
}

}  // namespace
}  // namespace aftercommit
