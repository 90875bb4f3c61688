#include "client/postgres/link.hpp"

#include <libpq-fe.h>

#include <stdexcept>
#include <string_view>

#include "client/postgres/error_text.hpp"

namespace aftercommit::detail {

pqxx::connectionpolicy::handle Link::Policy::do_startconnect(handle before) {
  return handle_ = connect_direct::do_startconnect(before);
}

pqxx::connectionpolicy::handle Link::Policy::do_disconnect(handle before) noexcept {
  return handle_ = connect_direct::do_disconnect(before);
}

// The base only keeps the address of the policy until init(), as in libpqxx's own connections.
Link::Link(const std::string& options) : connection_base{policy_}, policy_{options} { init(); }
Link::~Link() noexcept { close(); }

std::string Link::why_lost() const {
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
void Link::understand() noexcept { static_cast<void>(PQisBusy(policy_.get())); }

bool Link::in_transaction() const noexcept { return PQtransactionStatus(policy_.get()) != PQTRANS_IDLE; }

}  // namespace aftercommit::detail
