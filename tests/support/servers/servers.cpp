#include "support/servers/servers.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <pqxx/pqxx>
#include <stdexcept>

#include "support/servers/kept_session.hpp"

namespace aftercommit::support {
namespace {

std::string required(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error{
        std::string{variable} +
        " is not set: run the tests with scripts/test, or through scripts/devstack run -- ctest ..."};
  }
  return value;
}

void execute(const std::string& sql) { pqxx::nontransaction{*kept_session()}.exec(sql); }

}  // namespace

std::string redis_url() { return required("REDIS_URL"); }

std::string database_url() { return required("DATABASE_URL"); }

std::string unique_name(const std::string& stem) {
  static std::atomic<int> count{0};
  static const auto start = std::chrono::system_clock::now().time_since_epoch().count();
  return stem + "_" + std::to_string(::getpid()) + "_" + std::to_string(start % 1'000'000'000) + "_" +
         std::to_string(++count);
}

std::string fresh_redis_url() {
  const auto url = redis_url();
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "prefix=" + unique_name("t");
}

Schema::Schema() : name_{unique_name("test")} { execute("CREATE SCHEMA " + name_); }

Schema::~Schema() {
  try {
    execute("SET client_min_messages = warning; DROP SCHEMA " + name_ + " CASCADE");
  } catch (const std::exception&) {
    // A test may have ended its server; the schema is then of no concern.
  }
}

std::string Schema::url(const std::string& application) const {
  const auto base = database_url();
  return base + (base.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + name_ +
         ",public&application_name=" + application;
}

}  // namespace aftercommit::support
