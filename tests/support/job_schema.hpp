/// A migrated schema of its own, for tests that enqueue by SQL.
#pragma once

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "broker/envelope.hpp"
#include "client/migrations.hpp"
#include "support/servers.hpp"

namespace aftercommit::support {

class JobSchema : public testing::Test {
 protected:
  JobSchema() { detail::migrate(database); }

  /// Calls the function with `args`, SQL as well, and returns the id.
  std::string enqueue(const std::string& args) {
    return database.exec(sql("SELECT {schema}.enqueue(" + args + ")"))[0][0].as<std::string>();
  }

  /// The jobs committed so far, oldest first, as a worker decodes them.
  std::vector<Envelope> jobs() {
    std::vector<Envelope> found;
    for (const auto& row : outside("SELECT envelope FROM {schema}.job ORDER BY id")) {
      auto decoded = decode(row[0].as<std::string>(), defaults::kPayloadLimit);
      if (auto* envelope = std::get_if<Envelope>(&decoded)) {
        found.push_back(std::move(*envelope));
      } else {
        ADD_FAILURE() << std::get<Malformed>(decoded).reason << ": " << row[0].as<std::string>();
      }
    }
    return found;
  }

  /// The only one; a test has failed where there is none.
  Envelope job() {
    auto found = jobs();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Envelope{.id = JobId::generate()} : found.front();
  }

  std::string sql(const std::string& text) const { return detail::in_schema(text, schema.name()); }

  /// In a session of its own.
  pqxx::result outside(const std::string& text) { return pqxx::nontransaction{outside_}.exec(sql(text)); }

  const support::Schema schema;
  Database database{{.url = schema.url(), .schema = schema.name()}};

 private:
  pqxx::connection outside_{schema.url("outside")};
};

}  // namespace aftercommit::support
