#include "operate/blame.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <limits>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "client/job_table/history.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/columns.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using Verdict = Blame::Finding;

constexpr std::chrono::milliseconds kLongestLook{5000};
constexpr std::size_t kBlamedNameShown = 200;  // bytes

std::string shown_name(std::string_view text) { return "'" + in_one_line(text, kBlamedNameShown) + "'"; }

template <class Number>
Number whole_number(const std::string& text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct BlamedColumn {
  std::string name;
  std::string in_sql;
  std::string type;
  bool of_key;
};

/// A table as the catalog knows it.
class BlamedTable {
 public:
  BlamedTable(Database& database, const std::string& name) : database_{database}, asked_{name} {
    const auto rows = find();
    if (rows.empty()) {
      throw UsageError{
          "database '" + database.alias() + "' has no table " + shown_name(name) +
          " that this role's search_path finds: put its schema before it, as in shop.orders, and "
          "double quotes around a name with capitals"};
    }
    in_sql_ = rows[0][2].as<std::string>();
    check_kind(rows[0][1].as<std::string>());
    for (const auto& row : database.exec(operate_sql::blame_columns, rows[0][0].as<std::string>())) {
      columns_.push_back({.name = row[0].as<std::string>(),
                          .in_sql = row[1].as<std::string>(),
                          .type = row[2].as<std::string>(),
                          .of_key = row[3].as<bool>()});
    }
  }

  const std::string& in_sql() const { return in_sql_; }
  const BlamedColumn* find_column(std::string_view name) const {
    const auto found = std::ranges::find(columns_, name, &BlamedColumn::name);
    return found == columns_.end() ? nullptr : &*found;
  }
  const BlamedColumn& column(const std::string& name) const {
    if (const auto* const found = find_column(name)) return *found;
    throw UsageError{"table " + in_sql_ + " has no column " + shown_name(name)};
  }
  /// Of its primary key, where that is one column.
  const BlamedColumn& only_key() const {
    const auto in_key = std::ranges::count_if(columns_, &BlamedColumn::of_key);
    if (in_key == 1) return columns_.front();
    if (in_key == 0) {
      throw UsageError{"table " + in_sql_ +
                       " has no primary key: say which column the key is of, by --key-column NAME"};
    }
    std::string names;
    for (const auto& column : columns_) {
      if (column.of_key) names += " " + in_one_line(column.name, kBlamedNameShown) + "=VALUE";
    }
    throw UsageError{"the primary key of table " + in_sql_ + " has several columns: give it as" + names};
  }

 private:
  pqxx::result find() {
    try {
      return database_.exec(operate_sql::blame_table, asked_);
    } catch (const std::exception& error) {
      constexpr std::array<std::string_view, 3> kNoName{"42601", "42602", "0A000"};
      const auto state = detail::sqlstate_of(error);
      if (std::ranges::find(kNoName, state) == kNoName.end()) throw;
      throw UsageError{shown_name(asked_) +
                       " is no name of a table: write it as in SQL, orders or shop.orders, "
                       "with double quotes around what has spaces, capitals or dots"};
    }
  }

  void check_kind(const std::string& kind) const {
    if (kind == "r" || kind == "p") return;
    throw UsageError{in_sql_ + " is " +
                     (kind == "v" ? "a view, which has no rows of its own: name the table that it reads"
                      : kind == "m"
                          ? "a materialized view, whose rows are written by who refreshes it: name a "
                            "table that it reads"
                      : kind == "f" ? "a foreign table, whose rows are of another server: ask that one"
                                    : "no table")};
  }

  Database& database_;
  const std::string asked_;
  std::string in_sql_;
  std::vector<BlamedColumn> columns_;  // those of the primary key first
};

/// The row that is meant: columns with their values.
class BlamedRow {
 public:
  BlamedRow(const BlamedTable& table, const RowQuestion& question) {
    if (question.key.empty()) throw UsageError{"blame needs the key of a row"};
    const bool one = question.key.size() == 1;
    for (const auto& word : question.key) {
      const auto equals = word.find('=');
      const auto name = word.substr(0, std::min(equals, word.size()));
      const bool named =
          equals != word.npos && question.key_column.empty() && (!one || table.find_column(name) != nullptr);
      if (!named && !one) {
        throw UsageError{shown_name(word) + " is no part of a key: give each as COLUMN=VALUE"};
      }
      if (named) {
        add(table.column(name), word.substr(equals + 1));
      } else {
        add(question.key_column.empty() ? table.only_key() : table.column(question.key_column), word);
      }
    }
  }

  const std::string& condition() const { return condition_; }
  const SqlParams& values() const { return values_; }
  const std::string& text() const { return text_; }
  /// "id (bigint)", for who has given what is no value of those.
  const std::string& types() const { return types_; }

 private:
  void add(const BlamedColumn& column, std::string value) {
    condition_ += (condition_.empty() ? "" : " AND ") + ("found." + column.in_sql) + " = $" +
                  std::to_string(values_.size() + 1);
    text_ += (text_.empty() ? "" : " ") + column.name + "=" + value;
    types_ += (types_.empty() ? "" : ", ") + column.name + " (" + column.type + ")";
    values_.emplace_back(std::move(value));
  }

  std::string condition_;
  SqlParams values_;
  std::string text_;
  std::string types_;
};

pqxx::result find_blamed_rows(Database& database, const BlamedTable& table, const BlamedRow& key) {
  std::string sql;
  detail::SqlTemplate{operate_sql::blame_row}.append_to(sql, std::array{table.in_sql(), key.condition()});
  try {
    return database.exec_params(sql, key.values());
  } catch (const std::exception& error) {
    const auto state = detail::sqlstate_of(error);
    if (state == "42501") {
      throw ConfigError{"cannot read table " + table.in_sql() + ": " + detail::first_line(error) +
                        "; GRANT this role SELECT on the columns of the key, or use another role"};
    }
    if (!state.starts_with("22") && state != "42883") throw;
    throw UsageError{"the key does not go with " + key.types() + " of table " + table.in_sql() + ": " +
                     detail::first_line(error)};
  }
}

Writer writer_in(const pqxx::row& row) {
  using Time = std::chrono::system_clock::time_point;
  return {.job = row[0].as<std::string>(),
          .task = row[1].as<std::string>(),
          .queue = row[2].as<std::string>(),
          .attempt = row[3].as<int>(),
          .asked_in = column_text(row[4]),
          .flow = column_text(row[5]),
          .step = column_text(row[6]),
          .worker = row[7].as<std::string>(),
          .transaction = row[10].as<std::string>(),
          .began_at = column_time(row[8]).value_or(Time{}),
          .at = column_time(row[9]).value_or(Time{})};
}

/// What the history says of the transaction that `blame` has found.
void ask_history(Database& database, Blame& blame) {
  blame.has_history = detail::schema_version(database) >= detail::kHistoryVersion;
  if (!blame.has_history) return;
  const auto ask = [&](std::string_view sql, const auto&... args) {
    return database.exec(detail::in_schema(sql, database.options().schema), args...);
  };
  if (const auto first = ask(operate_sql::blame_reach); !first.empty()) {
    blame.since_xid = first[0][0].as<std::string>();
    blame.since = column_time(first[0][1]);
  }
  for (const auto& row : ask(operate_sql::blame_history, blame.xid)) blame.writers.push_back(writer_in(row));
  if (!blame.writers.empty()) {
    blame.finding = Verdict::kWritten;
    blame.savepoint = blame.writers.front().transaction != blame.xid;
    return;
  }
  for (const auto& row : ask(operate_sql::blame_perhaps, blame.xid)) {
    const bool surely = !row[11].is_null() && row[11].as<bool>();
    if (blame.by_time && !surely) break;
    blame.by_time = surely;
    // Where the server keeps the times, those of others are known not to be the ones.
    if (surely || !blame.committed_at) blame.writers.push_back(writer_in(row));
  }
  if (blame.writers.empty()) return;
  blame.finding = blame.by_time ? Verdict::kWritten : Verdict::kPerhaps;
  blame.savepoint = blame.by_time;
}

void look_for_writer(Database& database, const RowQuestion& question, Blame& blame) {
  const BlamedTable table{database, question.table};
  blame.table = table.in_sql();
  const BlamedRow key{table, question};
  blame.key = key.text();
  const auto rows = find_blamed_rows(database, table, key);
  if (rows.empty()) return;
  if (rows.size() > 1) {
    throw UsageError{"several rows of table " + table.in_sql() + " have " +
                     in_one_line(key.text(), kBlamedNameShown) + ": give a key that one has alone"};
  }
  blame.xmin = rows[0][0].as<std::string>();
  const auto xid = whole_id(whole_number<std::uint32_t>(blame.xmin),
                            whole_number<std::uint64_t>(rows[0][1].as<std::string>()),
                            whole_number<std::uint32_t>(rows[0][2].as<std::string>()));
  blame.finding = xid ? Verdict::kUnknown : Verdict::kFrozen;
  if (!xid) return;
  blame.xid = std::to_string(*xid);
  blame.committed_at = column_time(database.exec(operate_sql::blame_committed, blame.xid)[0][0]);
  ask_history(database, blame);
}

Json in_json(const Writer& writer) {
  return {{"job", writer.job},
          {"task", writer.task},
          {"queue", writer.queue},
          {"attempt", writer.attempt},
          {"asked_in_transaction", or_null(writer.asked_in)},
          {"flow", or_null(writer.flow)},
          {"step", or_null(writer.step)},
          {"worker", writer.worker},
          {"transaction", writer.transaction},
          {"began_at", utc(writer.began_at)},
          {"at", utc(writer.at)}};
}

}  // namespace

std::vector<std::string> Blame::reasons() const {
  if (finding == Verdict::kFrozen) {
    return {
        "the row may be so old that its transaction id has been given anew since: it is frozen, which hides "
        "its age"};
  }
  if (finding != Verdict::kUnknown && finding != Verdict::kPerhaps) return {};
  if (!has_history) return {"the tables of jobs have no history, which comes with version 10 of them"};
  if (since_xid.empty()) return {"the history is empty: no worker was started with --history"};
  if (whole_number<std::uint64_t>(xid) < whole_number<std::uint64_t>(since_xid)) {
    return {"the row is older than the history, which begins with transaction " + since_xid + " at " +
            utc(since.value_or(std::chrono::system_clock::time_point{}))};
  }
  std::vector<std::string> all{
      "another program than a worker may have written it, or a person",
      "the job may have run on a worker without --history",
      "its task may have no transaction of its own (transactional = false), or have used one beside that"};
  if (finding == Verdict::kUnknown) {
    all.emplace_back(
        "it may have been written within a savepoint that the library did not open: by a function with "
        "EXCEPTION, or SQL of its own");
  }
  return all;
}

std::optional<std::uint64_t> whole_id(std::uint32_t xmin, std::uint64_t next, std::uint32_t frozen) {
  constexpr std::uint32_t kFirstNormal = 3;  // those below are marks
  if (xmin < kFirstNormal) return std::nullopt;
  const auto back = static_cast<std::uint32_t>(next) - xmin;  // modulo 2^32
  if (back > next) return std::nullopt;
  const bool began_anew = next > std::numeric_limits<std::uint32_t>::max();
  if (began_anew && back > frozen) return std::nullopt;
  return next - back;
}

Blame blame(Database& database, const RowQuestion& question) {
  Blame blame;
  blame.database = database.alias();
  try {
    look_briefly(database, kLongestLook, [&] { look_for_writer(database, question, blame); });
  } catch (const pqxx::insufficient_privilege& error) {
    throw ConfigError{"this role may not look into database '" + database.alias() + "' for that: " +
                      detail::first_line(error) + "; GRANT it USAGE on the schema, and SELECT on " +
                      "its tables history and history_savepoint in '" + database.options().schema + "'"};
  }
  return blame;
}

std::string_view word(Blame::Finding finding) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"no_row", "written", "perhaps", "unknown", "frozen"};
  return kWords.at(static_cast<std::size_t>(finding));
}

Json in_json(const Blame& blame) {
  Json writers = Json::array();
  for (const auto& writer : blame.writers) writers.push_back(in_json(writer));
  return {{"finding", word(blame.finding)},
          {"database", blame.database},
          {"table", blame.table},
          {"key", blame.key},
          {"xmin", or_null(blame.xmin)},
          {"transaction", or_null(blame.xid)},
          {"within_savepoint", blame.savepoint},
          {"told_by_commit_time", blame.by_time},
          {"committed_at", blame.committed_at ? Json(utc(*blame.committed_at)) : Json(nullptr)},
          {"jobs", std::move(writers)},
          {"history_since", blame.since ? Json(utc(*blame.since)) : Json(nullptr)},
          {"reasons", blame.reasons()}};
}

}  // namespace aftercommit::operate
