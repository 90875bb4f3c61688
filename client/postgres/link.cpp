#include "client/postgres/link.hpp"

#include <libpq-events.h>
#include <libpq-fe.h>

#include <atomic>
#include <exception>
#include <memory>
#include <new>
#include <string_view>

#include "client/postgres/error_text.hpp"

namespace aftercommit::detail {
namespace {

/// What libpq does with a notice: it hands its text to libpqxx.
std::atomic<PQnoticeReceiver> receiver_of_libpq{nullptr};

/// Keeps what was said, if it is what a server says last.
void listen_for_last(LastWords& words, const PGresult* said) noexcept {
  const auto part = [&](int which) -> std::string_view {
    const char* const text = PQresultErrorField(said, which);
    return text != nullptr ? text : "";
  };
  const auto sqlstate = part(PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) return;
  auto severity = part(PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity.empty()) severity = part(PG_DIAG_SEVERITY);  // of a pooler
  const bool final = severity == "FATAL" || severity == "PANIC";
  // As a warning it comes after the crash of another session, or when the server stops at once.
  if (!final && (severity != "WARNING" || !sqlstate.starts_with("57P"))) return;
  try {
    const auto text = part(PG_DIAG_MESSAGE_PRIMARY);
    words = {.sqlstate = std::string{sqlstate},
             .text = std::string{text.substr(0, text.find('\n'))},
             .final = final};
  } catch (const std::exception&) {
    // No memory for it: then what libpq says must do.
  }
}

struct ClearAnswer {
  void operator()(PGresult* answer) const noexcept { PQclear(answer); }
};
using Answer = std::unique_ptr<PGresult, ClearAnswer>;

/// The context of such an error would quote a row.
[[noreturn]] void throw_refused(const PGresult* answer, const std::string& statement) {
  const auto part = [&](int which) {
    const char* const text = PQresultErrorField(answer, which);
    return std::string{text != nullptr ? text : ""};
  };
  throw pqxx::sql_error{part(PG_DIAG_MESSAGE_PRIMARY), statement, part(PG_DIAG_SQLSTATE).c_str()};
}

/// What the server answers, null if that cannot be had any more; `why_not`: so that it takes nothing of it.
Answer end_copy(PGconn* handle, const char* why_not) noexcept {
  if (PQputCopyEnd(handle, why_not) != 1) return nullptr;
  Answer first{PQgetResult(handle)};
  while (Answer{PQgetResult(handle)} != nullptr) {
  }
  return first;
}

extern "C" {

void hear_notice(void* words, const PGresult* said) {
  listen_for_last(*static_cast<LastWords*>(words), said);
  if (const auto receiver = receiver_of_libpq.load()) receiver(nullptr, said);
}

/// libpqxx 6.4 loses the result of a statement over which the session was ended; here it passes by before.
int hear_answer(PGEventId event, void* about, void* heard) {
  if (event != PGEVT_RESULTCREATE) return 1;
  auto& words = *static_cast<LastWords*>(heard);
  const auto* const answer = static_cast<PGEventResultCreate*>(about)->result;
  listen_for_last(words, answer);
  // Who answers has not said his last: it was a function that raised such a warning.
  if (!words.final && PQresultStatus(answer) != PGRES_FATAL_ERROR) words = {};
  return 1;
}

}  // extern "C"
}  // namespace

#if PQXX_VERSION_MAJOR < 7
pqxx::connectionpolicy::handle Link::Policy::do_startconnect(handle before) {
  const auto made = connect_direct::do_startconnect(before);
  if (made != before) link_.hear(made);
  return link_.handle_ = made;
}

pqxx::connectionpolicy::handle Link::Policy::do_disconnect(handle before) noexcept {
  return link_.handle_ = connect_direct::do_disconnect(before);
}

// The base only keeps the address of the policy until init(), as in libpqxx's own connections.
Link::Link(const std::string& options) : connection_base{policy_}, policy_{*this, options} { init(); }
#else
namespace {

/// 7.x shows the handle to nobody either, but takes over one that was made by others.
pg_conn* connected(const std::string& options) {
  pg_conn* const handle = PQconnectdb(options.c_str());
  if (handle == nullptr) throw std::bad_alloc{};
  if (PQstatus(handle) == CONNECTION_OK) return handle;
  const std::string reason = PQerrorMessage(handle);
  PQfinish(handle);
  throw pqxx::broken_connection{reason};
}

}  // namespace

Link::Link(const std::string& options) : Link{connected(options)} {}
Link::Link(pg_conn* connected) : LinkBase{LinkBase::seize_raw_connection(connected)}, handle_{connected} {
  hear(connected);
}
#endif
Link::~Link() noexcept { close(); }

void Link::hear(pg_conn* handle) noexcept {
  words_ = {};
  const auto replaced = PQsetNoticeReceiver(handle, hear_notice, &words_);
  if (replaced != hear_notice) receiver_of_libpq = replaced;
  PQregisterEventProc(handle, hear_answer, "last words", &words_);  // without memory for it, as above
}

std::string Link::why_lost() const {
  understand();
  if (const auto& words = last_words(); !words.text.empty()) return words.text;
  return first_line(std::string_view{handle_ != nullptr ? PQerrorMessage(handle_) : ""});
}

void Link::copy(const std::string& statement, const std::function<bool(std::string&)>& more) {
  const Answer begun{PQexec(handle_, statement.c_str())};
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) throw_refused(begun.get(), statement);
  bool taken = true;
  try {
    for (std::string part; taken && more(part); part.clear())
      taken = PQputCopyData(handle_, part.data(), static_cast<int>(part.size())) == 1;
  } catch (...) {
    end_copy(handle_, "the program has failed to make the rows");
    throw;
  }
  // Where there is no memory for a part the connection is as good as before: the rest would be missing.
  const auto answer = end_copy(handle_, taken ? nullptr : "the program has failed to send the rows");
  if (answer == nullptr) throw pqxx::broken_connection{why_lost()};
  if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) throw_refused(answer.get(), statement);
}

const char* Link::reported(const char* setting) const noexcept {
  return handle_ != nullptr ? PQparameterStatus(handle_, setting) : nullptr;
}

bool Link::reports(const char* setting, const char* value) const noexcept {
  const char* const now = reported(setting);
  return now != nullptr && std::string_view{now} == value;
}

bool Link::speaks_utf8() const noexcept {
  static const int kUtf8 = pg_char_to_encoding("UTF8");
  return PQclientEncoding(handle_) == kUtf8;
}

// libpqxx parses nothing of it as long as one of its transaction objects is there.
void Link::understand() const noexcept { static_cast<void>(PQisBusy(handle_)); }

bool Link::in_transaction() const noexcept { return PQtransactionStatus(handle_) != PQTRANS_IDLE; }

}  // namespace aftercommit::detail
