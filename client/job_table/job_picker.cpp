#include "client/job_table/job_picker.hpp"

#include <pqxx/pqxx>
#include <string>

#include "aftercommit/error.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/link.hpp"
#include "client/postgres/pooler.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

template <class Ids>
std::string array_of_ids(const Ids& ids) {
  std::string text = "'{";
  for (const auto& id : ids) (text.size() > 2 ? text += ',' : text) += id.str();
  return text + "}'";
}

Picked picked(const pqxx::row& row) {
  Picked found{.id = JobId::parse(row[0].c_str()).value()};
  if (row[2].is_null()) return found;
  if (!row[1].is_null() && !row[1].as<bool>()) {
    found.how = Picked::How::kOthers;
    return found;
  }
  found.how = row[1].is_null() ? Picked::How::kNotDue : Picked::How::kOurs;
  found.row = JobRow{.id = found.id,
                     .queue = row[3].as<std::string>(),
                     .attempt = row[4].as<int>(),
                     .due_in = std::chrono::milliseconds{row[5].as<std::int64_t>()},
                     .envelope = row[6].is_null() ? std::string{} : row[6].as<std::string>()};
  return found;
}

}  // namespace

struct JobPicker::Connection {
  Connection(const DatabaseOptions& options, const std::string& greeting) : link{connection_string(options)} {
    pqxx::nontransaction session{link};
    alone = has_session_of_its_own(session);
    if (alone) session.exec(greeting);
  }

  Link link;
  bool alone = false;  // no pooler stands between
};

JobPicker::JobPicker(Database& database) : database_{database} {}
JobPicker::~JobPicker() = default;

void JobPicker::connect() {
  if (connection_) return;
  try {
    connection_ =
        std::make_unique<Connection>(database_.options(), database_.core()->statements.begin_taking);
  } catch (const std::exception& error) {
    lost(why_unreachable(error, database_.options().url));
  }
  done_.clear();  // marks end with their session
}

std::vector<Picked> JobPicker::pick(std::span<const JobId> jobs) {
  connect();
  std::string message;
  database_.core()->statements.take_rows.append_to(
      message, {{array_of_ids(done_), array_of_ids(jobs), connection_->alone ? "false" : "true"}});
  try {
    pqxx::nontransaction session{connection_->link};
    const auto rows = session.exec(message);
    done_.clear();
    std::vector<Picked> all;
    for (const auto& row : rows) {
      all.push_back(picked(row));
      if (connection_->alone && all.back().how == Picked::How::kOurs) marked_.insert(all.back().id);
    }
    return all;
  } catch (const pqxx::sql_error&) {
    close();  // which rows it has marked by then is not known
    throw;
  } catch (const std::exception&) {
    lost(connection_->link.is_open() ? std::string{} : connection_->link.why_lost());
  }
}

void JobPicker::lost(const std::string& reason) {
  close();
  throw DatabaseUnavailable{"cannot take jobs from database '" + database_.alias() +
                            "': " + (reason.empty() ? "the connection was lost" : reason)};
}

void JobPicker::drop(const JobId& job) {
  if (marked_.erase(job) > 0) done_.push_back(job);
}

void JobPicker::let_go() {
  if (connection_ && !done_.empty()) pick({});
}

void JobPicker::close() noexcept {
  connection_.reset();
  marked_.clear();
  done_.clear();
}

std::size_t count_pickers(Database& database) {
  return database.exec(database.core()->statements.count_taking)[0][0].as<std::size_t>();
}

}  // namespace aftercommit::detail
