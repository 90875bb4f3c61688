#include "support/servers/postgres_pair.hpp"

#include <pqxx/pqxx>
#include <stdexcept>
#include <utility>

#include "support/eventually.hpp"

namespace aftercommit::support {
namespace {

/// A standby has this name by itself; a copy of the data on its way has another, and so nobody waits for
/// that.
constexpr const char* kNameOfStandbys = "walreceiver";

PrivatePostgres& prepared(PrivatePostgres& server, Standby standby) {
  server.set("wal_keep_size", "256MB");  // for the standby, between its copy and its start
  if (standby == Standby::kSynchronous) server.set("synchronous_standby_names", kNameOfStandbys);
  return server;
}

}  // namespace

PostgresPair::PostgresPair(PrivatePostgres& first, Standby standby)
    : kind_{standby},
      second_{PrivatePostgres::StandbyOf{prepared(first, standby)}},
      primary_{&first},
      standby_{&second_} {
  await_standby();
}

/// The hosts in the same order, whichever is the primary, as in the settings of programs.
std::string PostgresPair::url() const {
  const auto& first = primary_ == &second_ ? *standby_ : *primary_;
  return "postgresql:///postgres?host=" + first.folder().string() + "," + second_.folder().string() +
         "&user=postgres&target_session_attrs=read-write";
}

void PostgresPair::promote() {
  standby_->promote();
  std::swap(primary_, standby_);
}

void PostgresPair::rejoin() {
  standby_->follow({*primary_});
  await_standby();
}

void PostgresPair::fail_over() {
  primary_->kill();
  promote();
  rejoin();
}

void PostgresPair::await_standby() {
  pqxx::connection connection{primary_->url()};
  pqxx::nontransaction session{connection};
  const auto follows =
      std::string{"SELECT FROM pg_stat_replication WHERE state = 'streaming' AND application_name = '"} +
      kNameOfStandbys + "' AND sync_state " + (kind_ == Standby::kSynchronous ? "= 'sync'" : "= 'async'");
  if (!eventually([&] { return !session.exec(follows).empty(); }))
    throw std::runtime_error{"no standby follows"};
}

}  // namespace aftercommit::support
