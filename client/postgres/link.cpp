#include "client/postgres/link.hpp"

#include <libpq-events.h>
#include <libpq-fe.h>

#include <atomic>
#include <exception>
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

pqxx::connectionpolicy::handle Link::Policy::do_startconnect(handle before) {
  handle_ = connect_direct::do_startconnect(before);
  if (handle_ == before) return handle_;
  words_ = {};
  const auto replaced = PQsetNoticeReceiver(handle_, hear_notice, &words_);
  if (replaced != hear_notice) receiver_of_libpq = replaced;
  PQregisterEventProc(handle_, hear_answer, "last words", &words_);  // without memory for it, as above
  return handle_;
}

pqxx::connectionpolicy::handle Link::Policy::do_disconnect(handle before) noexcept {
  return handle_ = connect_direct::do_disconnect(before);
}

// The base only keeps the address of the policy until init(), as in libpqxx's own connections.
Link::Link(const std::string& options) : connection_base{policy_}, policy_{options} { init(); }
Link::~Link() noexcept { close(); }

std::string Link::why_lost() const {
  understand();
  if (const auto& words = last_words(); !words.text.empty()) return words.text;
  return first_line(std::string_view{policy_.get() != nullptr ? PQerrorMessage(policy_.get()) : ""});
}

const char* Link::reported(const char* setting) const noexcept {
  return policy_.get() != nullptr ? PQparameterStatus(policy_.get(), setting) : nullptr;
}

bool Link::reports(const char* setting, const char* value) const noexcept {
  const char* const now = reported(setting);
  return now != nullptr && std::string_view{now} == value;
}

bool Link::speaks_utf8() const noexcept {
  static const int kUtf8 = pg_char_to_encoding("UTF8");
  return PQclientEncoding(policy_.get()) == kUtf8;
}

// libpqxx parses nothing of it as long as one of its transaction objects is there.
void Link::understand() const noexcept { static_cast<void>(PQisBusy(policy_.get())); }

bool Link::in_transaction() const noexcept { return PQtransactionStatus(policy_.get()) != PQTRANS_IDLE; }

}  // namespace aftercommit::detail
