#include "client/job_table/job_listener.hpp"

#include <optional>
#include <pqxx/notification>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/link.hpp"
#include "client/postgres/pooler.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

/// Listens to the channel named like the schema.
class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(Link& connection, const std::string& channel) : pqxx::notification_receiver{connection, channel} {}
  void operator()(const std::string& payload, int /*backend*/) override {
    (payload == kCancel ? cancels_ : jobs_) = true;
  }

  // Whether one came since the last time.
  bool take_jobs() { return std::exchange(jobs_, false); }
  bool take_cancels() { return std::exchange(cancels_, false); }

 private:
  static constexpr const char* kCancel = "cancel";  // see functions/cancel.sql

  bool jobs_ = false;
  bool cancels_ = false;
};

}  // namespace

struct JobListener::Connection {
  Connection(const DatabaseOptions& options, const std::string& channel)
      : connection{connection_string(options)} {
    pqxx::nontransaction session{connection};
    if (has_session_of_its_own(session)) receiver.emplace(connection, channel);
  }

  Link connection;
  std::optional<Receiver> receiver;  // none behind a pooler
};

JobListener::JobListener(Database& database, std::function<void()> on_cancel)
    : database_{database}, on_cancel_{std::move(on_cancel)} {}
JobListener::~JobListener() = default;

bool JobListener::wait(std::chrono::milliseconds timeout) {
  const auto& options = database_.options();
  try {
    if (!connection_ && !pooled_) {
      connection_ = std::make_unique<Connection>(options, options.schema);
      pooled_ = !connection_->receiver;
      if (!pooled_) {  // what was said before went unheard
        if (on_cancel_) on_cancel_();
        return true;
      }
    }
    if (pooled_) throw std::runtime_error{"a pooler stands between"};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(timeout - seconds);
    connection_->connection.await_notification(seconds.count(), rest.count());
    if (connection_->receiver->take_cancels() && on_cancel_) on_cancel_();
    return connection_->receiver->take_jobs();
  } catch (const std::exception& error) {
    const bool lost = connection_ && !connection_->connection.is_open();
    auto reason = lost ? connection_->connection.why_lost() : why_unreachable(error, options.url);
    if (reason.empty()) reason = "the connection was lost";
    connection_.reset();
    throw DatabaseUnavailable{"cannot listen on database '" + database_.alias() + "': " + reason};
  }
}

}  // namespace aftercommit::detail
