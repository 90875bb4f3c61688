#include "client/transaction/server_transaction.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/postgres/error_text.hpp"
#include "client/transaction/interrupt.hpp"
#include "client/transaction/read_only.hpp"

namespace aftercommit::detail {
namespace {

std::string begin_statement(const AtomicOptions& options) {
  std::string sql = "BEGIN";
  switch (options.isolation) {
    case Isolation::kDefault:
      break;
    case Isolation::kReadCommitted:
      sql += " ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::kRepeatableRead:
      sql += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::kSerializable:
      sql += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.read_only) sql += " READ ONLY";
  return sql;
}

/// SQL for a message: on one line, and not too long.  Values travel as parameters and are not in it.
std::string shorten(std::string_view sql) {
  constexpr std::size_t kLimit = 120;
  std::string text;
  for (const char c : sql) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (text.empty() || text.back() == ' ')) continue;
    if (text.size() == kLimit) return text + "...";
    text += space ? ' ' : c;
  }
  return text;
}

}  // namespace

ServerTransaction::~ServerTransaction() {
  if (state_.exists()) connection_.discard();  // nobody will commit this
}

void ServerTransaction::close() noexcept {
  if (state_.exists()) give_back(false);
}

void ServerTransaction::notice_fork() noexcept {
  const auto now = forks();
  if (std::exchange(forks_, now) != now && state_.exists()) state_.fork(kForked);
}

// --- begin

void ServerTransaction::begin(const AtomicOptions& options, Riders* riders) {
  forget_loss();
  if (next_.take(riders)) {
    state_.enter_ahead();
    riders_ = riders;
    return;
  }
  drop_ahead();
  connection_.take(core_.pool.lease());
  state_.enter(begin_statement(options));
  if (riders != nullptr) begin_with(*riders);
}

void ServerTransaction::begin_with(Riders& riders) {
  next_.begin_chain(std::chrono::steady_clock::now());
  const auto begin = state_.take_begin() + "; ";
  try {
    riders.answer = send_begin([&] {
      auto message = begin;
      connection_->append(message, riders.with_begin);
      return connection_->exec(message);
    });
  } catch (const DatabaseUnavailable&) {
    give_back(false);
    end();
    throw;
  } catch (const std::exception&) {
    rollback();  // the transaction is open, and its failure with it
    throw;
  }
  riders_ = &riders;
}

void ServerTransaction::send_begin_alone() {
  const auto begin = state_.take_begin();
  try {
    send_begin([&] { return connection_->exec(begin); });
  } catch (const std::exception& error) {
    state_.lose(what_of(error));
    rollback();
    throw;
  }
}

/// Where one message can hold both, BEGIN costs no round trip.
pqxx::result ServerTransaction::send_first(std::string_view sql, const SqlParams& params, bool read_only) {
  const auto begin = state_.take_begin();
  std::optional<pqxx::result> result;
  send_begin(
      [&] {
        if (!connection_->plans(sql, params)) return connection_->exec(begin);
        return result.emplace(connection_->exec(sql, params, begin));
      },
      read_only);
  return result ? *std::move(result) : connection_->exec(sql, params);
}

/// Throws DatabaseUnavailable where the connection is lost and no other is to be had.
template <class SendIt>
pqxx::result ServerTransaction::send_begin(const SendIt& send_it, bool read_only) {
  for (bool again = false;; again = true) {
    try {
      if (again) {
        give_back(false);
        core_.pool.drop_idle();
        connection_.take(core_.pool.lease());
      }
      return send_it();
    } catch (const DatabaseUnavailable&) {
      throw;
    } catch (const std::exception& error) {
      const auto reason = why_read_only(error, read_only);
      if (connection_ && reason.empty() && !connection_->lost(&error)) throw;
      // An idle connection may have died unseen (a restarted server), or lead to what is a standby now:
      // nothing that lasts has run yet, so a new one will do.
      if (!again && connection_.reused() && !connection_->severed()) continue;
      if (!reason.empty()) throw_read_only(core_, reason);
      throw DatabaseUnavailable{"cannot begin a transaction on " + core_.name() + ": " + first_line(error)};
    }
  }
}

// --- statements

pqxx::result ServerTransaction::send(std::string_view sql, const SqlParams& params, bool read_only) {
  try {
    return state_.due() ? send_first(sql, params, read_only) : connection_->exec(sql, params);
  } catch (const std::exception& error) {
    const auto reason = why_read_only(error, read_only);
    note_failure(sql, &error, reason);
    if (!reason.empty()) throw_read_only(core_, reason);
    throw;
  } catch (...) {
    note_failure(sql, nullptr, {});
    throw;
  }
}

pqxx::result ServerTransaction::send_rider(const Rider& rider) {
  std::string text;
  connection_->append(text, rider);
  return send(text, {}, false);
}

std::string ServerTransaction::before_release() {
  std::string text;
  if (riders_ == nullptr || riders_->of_history.note_savepoint == nullptr) return text;
  auto& history = riders_->of_history;
  if (history.notes_left-- <= 0) return text;
  connection_->append(text, Rider{history.note_savepoint, {}});
  return text;
}

pqxx::result ServerTransaction::send_alone(std::string_view sql, const SqlParams& params,
                                           bool leaves_traces) {
  drop_ahead();  // this statement may want what that one holds
  forget_loss();
  struct Held {  // where others can cancel the statement
    HeldConnection& connection;
    bool healthy = true;
    ~Held() { connection.give_back(healthy); }
  };
  connection_.take(core_.pool.lease());
  Held held{connection_};
  Interrupt::check();  // which may have come while it waited for the connection
  try {
    connection_->notice(sql, leaves_traces);
    return connection_->exec(sql, params);
  } catch (const std::exception& error) {
    const auto reason = connection_->why_read_only(error);
    const bool lost = connection_->lost(&error);
    if (lost) loss_ = connection_->last_words();
    held.healthy = reason.empty() && !lost;
    if (!reason.empty()) throw_read_only(core_, reason);
    throw;
  }
}

std::string ServerTransaction::why_read_only(const std::exception& error, bool read_only) const {
  return !connection_ || read_only ? std::string{} : connection_->why_read_only(error);
}

void ServerTransaction::note_failure(std::string_view sql, const std::exception* error,
                                     const std::string& read_only) {
  const auto why = "statement '" + shorten(sql) + "' failed: " +
                   (!read_only.empty() ? "the database takes no writes, " + read_only
                    : error != nullptr ? first_line(*error)
                                       : "unknown error");
  const bool unavailable = dynamic_cast<const DatabaseUnavailable*>(error) != nullptr;
  if (unavailable || !read_only.empty()) {
    state_.lose(why);
  } else if (!state_.lost() && connection_->lost(error)) {
    loss_ = connection_->last_words();
    state_.lose(why);
  } else {
    state_.fail(why);
  }
}

// --- the end without a commit

void ServerTransaction::rollback() noexcept {
  notice_fork();
  bool healthy = !state_.lost();
  if (state_.on_server()) {
    try {
      connection_->exec("ROLLBACK");
    } catch (const std::exception&) {
      healthy = false;  // closing the connection rolls back as well
    }
  }
  give_back(healthy);
  next_.forget();
  end();
}

void ServerTransaction::drop_ahead() noexcept {
  notice_fork();
  if (next_.has_begun()) rollback();
}

void ServerTransaction::give_back(bool healthy) noexcept {
  if (state_.forked()) {
    connection_.leave_to_parent();
  } else {
    connection_.give_back(healthy);
  }
}

void ServerTransaction::end() noexcept {
  state_.end(next_.has_begun());
  riders_ = nullptr;
  connection_.end_transaction();
}

}  // namespace aftercommit::detail
