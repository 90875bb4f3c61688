#include "client/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/connection_url.hpp"
#include "client/pooler.hpp"
#include "client/pqxx_compat.hpp"
#include "client/worker_backends.hpp"
#include "sql.hpp"

namespace aftercommit::detail {
namespace {

bool ends_the_connection(const std::string& sqlstate) {
  // Class 08 is connection trouble; 57P01 to 57P05 are the server closing this session.
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

}  // namespace

struct Connection::Impl {
  explicit Impl(const std::string& url) : connection{url}, session{connection} {}

  pqxx::connection connection;
  const pid_t process = ::getpid();
  pqxx::nontransaction session;  // we send BEGIN and COMMIT ourselves: 6.4's transactions hide failures
};

Connection::Connection(const DatabaseOptions& options, const std::string& alias)
    : planned_{[this] { return has_session_of_its_own(impl_->session); }} {
  check_url(options.url, alias);
  try {
    impl_ = std::make_unique<Impl>(connection_string(options));
    // A pooler would give the settings to whoever has the server's session next, and not to us.
    if (is_worker_session(options) && planned_.usable()) exec(sql::worker_session);
  } catch (const std::exception& error) {
    throw DatabaseUnavailable{"cannot connect to database '" + alias +
                              "': " + why_unreachable(error, options.url)};
  }
  // A task that starts a program must not hand its database connection on.
  ::fcntl(impl_->connection.sock(), F_SETFD, FD_CLOEXEC);
}

Connection::~Connection() {
  // After a fork the parent still talks on it, and closing it would say good-bye in the parent's name.
  if (impl_ && inherited()) static_cast<void>(impl_.release());
}

pqxx::result Connection::exec(std::string_view sql, const SqlParams& params, const std::string& begin) {
  try {
    auto result = run_or_plan(sql, params, begin);
    planned_.succeeded();
    return result;
  } catch (const std::exception& error) {
    planned_.failed();
    constexpr std::string_view kNoSuchPlan = "26000";
    if (sqlstate_of(error) == kNoSuchPlan) planned_.forget();
    throw;
  }
}

pqxx::result Connection::run_or_plan(std::string_view sql, const SqlParams& params,
                                     const std::string& begin) {
  const auto* const frequent = find_plan(sql, params);
  if (frequent == nullptr) {
    if (!begin.empty()) run(begin, {});
    auto result = run(sql, params);
    if (!params.empty() && result.columns() == 0) frequent_.note(sql);
    return result;
  }
  std::vector<std::string> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param ? quote(*param) : "NULL");
  auto message = begin.empty() ? begin : begin + "; ";
  planned_.append_parameterised(message, *frequent, values);
  return run(message, {});
}

const std::string* Connection::find_plan(std::string_view sql, const SqlParams& params) {
  if (params.empty()) return nullptr;
  const auto* const frequent = frequent_.find(sql, params);
  return frequent != nullptr && planned_.usable() ? frequent : nullptr;
}

void Connection::append(std::string& message, const Rider& rider) {
  planned_.append(message, *rider.statement, rider.values);
}

pqxx::result Connection::run(std::string_view sql, const SqlParams& params) {
  // 6.4 reconnects a lost connection without a word, and would go on outside the transaction.
  if (!impl_->connection.is_open()) throw pqxx::broken_connection{"the connection to the database was lost"};
  if (params.empty()) return impl_->session.exec(std::string{sql});
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
  return exec_text_params(impl_->session, std::string{sql}, values);
}

std::string Connection::quote(std::string_view text) const {
  return impl_->connection.quote(std::string{text});
}

int Connection::backend() const noexcept { return impl_->connection.backendpid(); }

bool Connection::lost(const std::exception* error) const noexcept {
  if (!impl_->connection.is_open()) return true;
  if (error == nullptr) return false;
  if (dynamic_cast<const pqxx::broken_connection*>(error) != nullptr) return true;
  return ends_the_connection(sqlstate_of(*error));
}

bool Connection::looks_alive() const noexcept {
  if (inherited() || !impl_->connection.is_open()) return false;
  pollfd poll_fd{impl_->connection.sock(), POLLIN, 0};
  return ::poll(&poll_fd, 1, 0) == 0;
}

bool Connection::inherited() const noexcept { return impl_->process != ::getpid(); }

void Connection::cancel() noexcept {
  try {
    impl_->connection.cancel_query();
  } catch (const std::exception&) {
    // The server is gone or busy with its shutdown: the statement ends with the connection.
  }
}

void Connection::sever() noexcept { ::shutdown(impl_->connection.sock(), SHUT_RDWR); }

}  // namespace aftercommit::detail
