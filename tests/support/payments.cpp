#include "support/payments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "client/migrations.hpp"
#include "client/pqxx_compat.hpp"
#include "support/eventually.hpp"

namespace aftercommit::support {
namespace {

constexpr std::size_t kMany = 10'000;

AppOptions fill(AppOptions options, const Schema& schema) {
  if (options.redis_url.empty()) options.redis_url = "memory://" + unique_name("payments");
  if (options.databases.empty()) options.databases["default"];
  for (auto& [alias, database] : options.databases) {
    if (database.url.empty()) database.url = schema.url(schema.name());
    database.schema = schema.name();
  }
  return options;
}

std::vector<long> sorted(std::vector<long> ids) {
  std::ranges::sort(ids);
  return ids;
}

std::vector<long> first_column(const pqxx::result& result) {
  std::vector<long> ids;
  for (const auto& row : result) ids.push_back(row[0].as<long>());
  return ids;
}

}  // namespace

Payments::Payments(AppOptions options)
    : app{"payments", fill(std::move(options), schema_)},
      receipt{app.task<long>("receipt")},
      database{app.database()},
      broker_{make_broker(app.options().redis_url)} {
  outside("CREATE TABLE payment (id bigint PRIMARY KEY)");
  for (const auto& alias : app.database_aliases()) detail::migrate(app.database(alias));
}

void Payments::pay(long id) {
  database.exec("INSERT INTO payment VALUES ($1)", id);
  receipt.delay(id);
  database.on_commit([this, id] { note_hook(id); });
}

void Payments::note_hook(long id) {
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  hooks_.push_back(id);
}

std::vector<long> Payments::rows() {
  return first_column(database.exec("SELECT id FROM payment ORDER BY id"));
}

std::vector<long> Payments::committed_rows() {
  return first_column(outside("SELECT id FROM payment ORDER BY id"));
}

std::vector<long> Payments::jobs() {
  for (const auto& job : take_arrived()) jobs_.push_back(job.args.at(0).get<long>());
  return sorted(jobs_);
}

std::vector<long> Payments::hooks() const { return sorted(hooks_); }

void Payments::expect_paid(const std::vector<long>& ids) {
  EXPECT_EQ(committed_rows(), ids) << "rows committed";
  eventually([&] { return jobs() == ids; });  // nobody has waited for the push of durable ones
  EXPECT_EQ(sorted(jobs_), ids) << "jobs delivered";
  EXPECT_EQ(hooks(), ids) << "hooks called";
}

std::vector<Envelope> Payments::take_arrived(const std::vector<std::string>& queues) {
  std::vector<Envelope> arrived;
  for (const auto& fetched : broker_->fetch("worker", queues, kMany, Millis{0})) {
    auto decoded = decode(fetched.payload, app.options().payload_limit);
    if (auto* envelope = std::get_if<Envelope>(&decoded)) {
      arrived.push_back(std::move(*envelope));
    } else {
      ADD_FAILURE() << "malformed: " << std::get<Malformed>(decoded).reason;
    }
  }
  return arrived;
}

pqxx::result Payments::outside(const std::string& sql) {
  if (!outside_) outside_ = std::make_unique<pqxx::connection>(schema_.url("outside"));
  return pqxx::nontransaction{*outside_}.exec(sql);
}

int Payments::kill_connections() {
  const auto ours = "FROM pg_stat_activity WHERE application_name = '" + schema_.name() + "'";
  const auto killed = outside("SELECT pg_terminate_backend(pid) " + ours).size();
  EXPECT_TRUE(eventually([&] { return outside("SELECT " + ours).empty(); }));
  return static_cast<int>(killed);
}

std::string sqlstate(const std::exception& error) { return detail::sqlstate_of(error); }

}  // namespace aftercommit::support
