#include "client/postgres/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/forks.hpp"
#include "base/process/standard_files.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/link.hpp"
#include "client/postgres/pooler.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/postgres/worker_name.hpp"
#include "sql.hpp"

namespace aftercommit::detail {
namespace {

bool ends_the_connection(const std::string& sqlstate) {
  // Class 08 is connection trouble; 57P01 to 57P05 are the server closing this session.
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

/// What PostgreSQL has to remark; libpq would print it to standard error, and wait there for who reads that.
class Notices final : public pqxx::errorhandler {
 public:
  using errorhandler::errorhandler;
  bool operator()(const char text[]) noexcept override {
    try {
      const std::string_view all{text};
      log(LogLevel::kDebug, "PostgreSQL remarks", {{"notice", std::string{all.substr(0, all.find('\n'))}}});
    } catch (const std::exception&) {
      // No memory for a remark.
    }
    return false;
  }
};

/// libpqxx 6.4 looks into a table for each result, which it makes with the first and which is gone when the
/// objects with static storage that are older than that are destroyed.  Ours goes just before.
std::atomic<bool> libpqxx_has_ended{false};

void watch_for_the_end_of_libpqxx() {
  struct Witness {
    ~Witness() { libpqxx_has_ended = true; }
  };
  static const Witness witness;
}

/// Counts a message and its answer, as long as it lives between them.
class Message {
 public:
  explicit Message(std::atomic<std::uint32_t>& count) noexcept : count_{count} { step(); }
  ~Message() {
    step();
    watch_for_the_end_of_libpqxx();  // also where the first one fails
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

 private:
  void step() const noexcept {  // no other thread writes it
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::atomic<std::uint32_t>& count_;
};

}  // namespace

struct Connection::Impl {
  explicit Impl(const std::string& url) : connection{url}, session{connection} {}

  /// Nothing waits to be read, not even the end of the stream; nor comes in so many milliseconds.
  bool is_quiet(int ms = 0) const noexcept {
    pollfd poll_fd{connection.sock(), POLLIN, 0};
    return ::poll(&poll_fd, 1, ms) == 0;
  }

  Link connection;
  Notices notices{connection};
  const unsigned forks = detail::forks();
  pqxx::nontransaction session;  // we send BEGIN and COMMIT ourselves: 6.4's transactions hide failures
};

Connection::Connection(const DatabaseOptions& options, const std::string& alias)
    : of_worker_{is_worker_session(options)}, planned_{[this] { return has_own_session(); }} {
  hold_standard_files();
  check_url(options.url, alias);
  try {
    impl_ = std::make_unique<Impl>(connection_string(options));
    if (!impl_->connection.speaks_utf8()) refuse_encoding();
    holds_unicode_ = impl_->connection.reports("server_encoding", "UTF8");
    // A pooler would give the settings to whoever has the server's session next, and not to us.
    if (of_worker_ && planned_.usable()) exec(sql::worker_session);
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
    if (!impl_->connection.speaks_utf8()) refuse_encoding();
    return result;
  } catch (const std::exception& error) {
    planned_.failed();
    constexpr std::string_view kNoSuchPlan = "26000";
    if (sqlstate_of(error) == kNoSuchPlan) planned_.forget();
    throw_if_lost();
    throw;
  }
}

void Connection::copy(const std::string& statement, const std::function<bool(std::string&)>& more) {
  check_may_send();
  try {
    const Message message{messages_};
    impl_->connection.copy(statement, more);
  } catch (const std::exception&) {
    throw_if_lost();
    throw;
  }
}

void Connection::refuse_encoding() {
  changed_ = true;
  const char* const now = impl_->connection.reported("client_encoding");
  throw UsageError{
      std::string{
          "sessions of aftercommit speak UTF-8, and this one was told by a statement, or by a pooler, "
          "to speak "} +
      (now != nullptr ? now : "something else") +
      ": leave client_encoding as it is, and convert text by convert_from() and convert_to()"};
}

/// In place of what libpqxx says: "Could not obtain client encoding: not connected."
void Connection::throw_if_lost() const {
  if (is_open()) return;
  const auto reason = why_lost();
  throw pqxx::broken_connection{reason.empty() ? "the connection was lost"
                                               : "the connection was lost: " + reason};
}

std::string Connection::why_lost() const { return severed_ && is_open() ? "" : impl_->connection.why_lost(); }

const LastWords& Connection::last_words() const noexcept { return impl_->connection.last_words(); }

/// Behind a server's last words the end of the stream may take a moment.
bool Connection::is_open() const noexcept { return impl_->connection.is_open() && !last_words().final; }

bool Connection::has_own_session() const {
  try {
    return has_session_of_its_own(impl_->session);
  } catch (const std::exception&) {
    throw_if_lost();
    throw;
  }
}

bool Connection::make_fit() noexcept {
  try {
    if (inherited() || severed_ || !is_open()) return false;
    if (impl_->connection.in_transaction()) return false;
    if (!changed_) return true;
    if (!planned_.usable()) return false;  // a pooler cleans up when its client goes
    planned_.forget();
    std::string message{sql::clean_session};
    if (of_worker_) message += sql::worker_session;
    run(message, {});
    changed_ = false;
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::string Connection::why_read_only(const std::exception& error) const {
  if (sqlstate_of(error) != kReadOnlyTransaction) return {};
  const auto& connection = impl_->connection;
  if (began_on_standby_ || connection.reports("in_hot_standby", "on")) return kIsStandby;
  if (began_read_only_ || connection.reports("default_transaction_read_only", "on"))
    return kReadOnlyByDefault;
  return connection.reported("in_hot_standby") == nullptr ? first_line(error) : "";
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

void Connection::check_may_send() const {
  // 6.4 reconnects a lost connection without a word, and would go on outside the transaction.
  throw_if_lost();
  if (severed_) throw pqxx::broken_connection{"the connection was lost"};
  if (inherited()) throw UsageError{"cannot run a statement on a connection of the parent of this process"};
  check_usable_still("");
}

pqxx::result Connection::run(std::string_view sql, const SqlParams& params) {
  check_may_send();
  const Message message{messages_};
  if (const auto& connection = impl_->connection; !connection.in_transaction()) {
    began_on_standby_ = connection.reports("in_hot_standby", "on");
    began_read_only_ = connection.reports("default_transaction_read_only", "on");
  }
  if (params.empty()) return impl_->session.exec(std::string{sql});
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
  return exec_text_params(impl_->session, std::string{sql}, values);
}

void Connection::check_usable_still(const std::string& alias) {
  if (!libpqxx_has_ended) return;
  throw UsageError{"cannot use database" + (alias.empty() ? alias : " '" + alias + "'") +
                   " any more: the process is ending, and this is the destructor or exit handler of what is "
                   "older than its first statement; let that be done before main returns"};
}

std::string Connection::quote(std::string_view text) const {
  return impl_->connection.quote(std::string{text});
}

int Connection::backend() const noexcept { return impl_->connection.backendpid(); }

bool Connection::in_transaction() const noexcept { return impl_->connection.in_transaction(); }

bool Connection::lost(const std::exception* error) const noexcept {
  if (!is_open()) return true;
  if (error == nullptr) return false;
  if (dynamic_cast<const pqxx::broken_connection*>(error) != nullptr) return true;
  return ends_the_connection(sqlstate_of(*error));
}

bool Connection::looks_alive() const noexcept {
  if (inherited() || severed_) return false;
  impl_->connection.understand();
  return is_open() && impl_->is_quiet();
}

bool Connection::has_ended() noexcept {
  // What a server says unasked is mostly why it goes; the end of the stream comes a moment later.
  constexpr int kMomentMs = 1000;
  constexpr int kReads = 10;
  for (int reads = 0; reads < kReads; ++reads) {
    impl_->connection.understand();  // it may have been read together with an answer
    if (severed_ || !is_open()) return true;
    if (impl_->is_quiet(reads == 0 ? 0 : kMomentMs)) return false;
    try {
      impl_->connection.get_notifs();  // reads what has come
    } catch (const std::exception&) {
      return true;
    }
  }
  return false;
}

bool Connection::inherited() const noexcept { return impl_->forks != detail::forks(); }

void Connection::cancel() noexcept {
  if (inherited()) return;
  try {
    impl_->connection.cancel_query();
  } catch (const std::exception&) {
    // The server is gone or busy with its shutdown: the statement ends with the connection.
  }
}

void Connection::sever() noexcept {
  if (inherited()) return;  // the parent would lose it too
  severed_ = true;
  ::shutdown(impl_->connection.sock(), SHUT_RDWR);
}

}  // namespace aftercommit::detail
