#include "client/job_table/job_listener.hpp"

#include <optional>
#include <pqxx/notification>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

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
  Receiver(pqxx::connection_base& connection, const std::string& channel)
      : pqxx::notification_receiver{connection, channel} {}
  void operator()(const std::string& /*payload*/, int /*backend*/) override {}
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

JobListener::JobListener(Database& database) : database_{database} {}
JobListener::~JobListener() = default;

bool JobListener::wait(std::chrono::milliseconds timeout) {
  const auto& options = database_.options();
  try {
    if (!connection_ && !pooled_) {
      connection_ = std::make_unique<Connection>(options, options.schema);
      pooled_ = !connection_->receiver;
      if (!pooled_) return true;  // what was said before went unheard
    }
    if (pooled_) throw std::runtime_error{"a pooler stands between"};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(timeout - seconds);
    return connection_->connection.await_notification(seconds.count(), rest.count()) > 0;
  } catch (const std::exception& error) {
    const bool lost = connection_ && !connection_->connection.is_open();
    auto reason = lost ? connection_->connection.why_lost() : why_unreachable(error, options.url);
    if (reason.empty()) reason = "the connection was lost";
    connection_.reset();
    throw DatabaseUnavailable{"cannot listen on database '" + database_.alias() + "': " + reason};
  }
}

}  // namespace aftercommit::detail
