#include "client/job_table/received_jobs.hpp"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <utility>

#include "base/epoch_ms.hpp"
#include "base/process/fail_point.hpp"
#include "base/text/base64.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/statements/statements.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using nlohmann::json;

/// Makes the parameter of one statement: in ASCII, whatever encoding the connection has.
class ReceivedRows {
 public:
  explicit ReceivedRows(bool holds_unicode) : holds_unicode_{holds_unicode} {}

  void add(const ReceivedJob& received) {
    json row{{"id", received.job.id.str()},
             {"queue", received.job.queue},
             {"attempt", received.job.attempt},
             {"envelope", as_kept(encode(received.job))}};
    if (received.due_at) row["due_ms"] = epoch_ms(*received.due_at);
    rows_.push_back(std::move(row));
  }
  void add(const ReceivedLetter& received) {
    json row{{"queue", received.queue}, {"letter", as_kept(encode(received.letter))}};
    if (received.id) {
      row["id"] = received.id->str();
    } else {
      row["raw"] = to_base64(received.letter.raw);
    }
    rows_.push_back(std::move(row));
  }
  std::string parameter() const { return rows_.dump(-1, ' ', true); }

 private:
  /// The text of a row, in a database whose encoding may lack a character of it.
  std::string as_kept(std::string text) const { return holds_unicode_ ? std::move(text) : ascii_json(text); }

  const bool holds_unicode_;
  json rows_ = json::array();
};

template <class Received>
std::size_t receive_all(Transaction& tx, const std::string& statement, std::span<const Received> received) {
  if (received.empty()) return 0;
  ReceivedRows rows{tx.session().holds_unicode()};
  for (const auto& one : received) rows.add(one);
  return tx.exec(statement, rows.parameter())[0][0].template as<std::size_t>();
}

}  // namespace

ReceivedCounts receive(Database& database, std::span<const ReceivedJob> jobs,
                       std::span<const ReceivedLetter> letters) {
  const auto& statements = statements_of(database);
  ReceivedCounts counts;
  // Read committed, whatever the default: an id that somebody else has just entered is no conflict.
  database.atomic({.durable = true, .isolation = Isolation::kReadCommitted}, [&](Transaction& tx) {
    counts = {.jobs = receive_all(tx, statements.receive_jobs, jobs),
              .letters = receive_all(tx, statements.receive_letters, letters)};
    fail_point("received.before_commit");
  });
  fail_point("received.after_commit");
  return counts;
}

}  // namespace aftercommit::detail
